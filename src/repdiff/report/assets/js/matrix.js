// Reading the mean affinity of two clusters off the picture of the matrix.

function blocks(grid) {
  let end = 0;
  return grid.dataset.bins.split(" ").map((part) => {
    const [cluster, count] = part.split(":").map(Number);
    return { cluster, end: (end += count) };
  });
}

function startMatrix() {
  for (const figure of document.querySelectorAll(".affinity")) {
    const grid = figure.querySelector(".grid");
    const readout = figure.querySelector(".readout");
    const hint = readout.textContent;
    const edges = blocks(grid);
    const total = edges[edges.length - 1].end;
    const clusterAt = (share) => edges.find(({ end }) => share * total < end).cluster;
    const { means, clusters } = FRAMES[figure.dataset.frame].directions[figure.dataset.direction];
    const read = (event) => {
      const box = grid.getBoundingClientRect();
      const [across, down] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
      if (Math.min(across, down) < 0 || Math.max(across, down) >= 1) return;
      const [one, other] = [clusterAt(down), clusterAt(across)];
      const pair = one === other ? `within group ${clusters[one].number}` : `between groups ${clusters[one].number} and ${clusters[other].number}`;
      readout.textContent = `Mean affinity ${pair}: ${threeFigures(means[one][other])}`;
    };
    grid.addEventListener("pointermove", read);
    grid.addEventListener("pointerdown", read); // a finger does not hover
    grid.addEventListener("pointerleave", (event) => event.pointerType === "touch" || (readout.textContent = hint));
  }
}
