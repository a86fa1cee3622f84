// What the downloads say of a series: the clusters of every checkpoint.

function records() {
  return allPlaces().map((place) => {
    const record = { id: ITEMS.ids[place], settled: SETTLED[place] < FRAMES.length ? FRAMES[SETTLED[place]].names.y : "" };
    if (ITEMS.labels) record.label = ITEMS.labels[place];
    for (const direction of ["x_only", "y_only"]) {
      for (const { names, directions } of FRAMES) {
        const { clusters, labels } = directions[direction];
        record[`${direction} ${names.y}`] = labels[place];
        record[`${direction} ${names.y} no change`] = clusters[labels[place]].noChange;
      }
    }
    return record;
  });
}

function about() {
  const checkpoints = FRAMES.map(({ names, directions }) => ({
    name: names.y,
    clusters: Object.fromEntries(Object.entries(directions).map(([name, direction]) => [name, clusterFacts(direction)])),
  }));
  return { reference: FRAMES[0].names.x, checkpoints };
}
