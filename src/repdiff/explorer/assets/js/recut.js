// Another number of groups, cut from the eigenvectors that the run keeps: a preview, which changes nothing in the run.

function previewOf({ labels, means, noChange, sizes }) {
  const order = means.map((_, index) => index).sort((one, other) => Number(noChange[one]) - Number(noChange[other]) || means[other] - means[one]);
  const number = new Map(order.map((index, place) => [index, place + 1]));
  const all = unpackLabels(labels);
  const clusters = means.map((mean, index) => ({ index, number: number.get(index), noChange: noChange[index], colour: number.get(index) - 1, size: sizes[index], meanAffinity: mean }));
  const facts = { called: "", labels: [], fate: null, value: null, standing: "preview", words: [] };
  const findings = order.map((index) => ({ ...clusters[index], ...facts, called: `group ${number.get(index)} of ${means.length}`, standing: noChange[index] ? "no change" : "preview" }));
  return { all, labels: Int32Array.from({ length: COUNT }, (_, place) => all[rowOf(place)]), clusters, findings };
}

function rowsOfPreview(direction, index) {
  const rows = [];
  preview[direction].all.forEach((label, row) => label === index && rows.push(row));
  return rows;
}

// Of many items a quick cut is shown first, from fewer starts, and the whole one replaces it.
const MANY = 10_000;
let isQuick = false;

async function cut(k) {
  if (k === null) return showCut(null, false);
  for (const quick of DATA.total > MANY ? [1, 0] : [0]) {
    const found = await latest("recut", () => ask("recut", { k, quick }));
    if (!found || state.k !== k) return;
    await showCut(found, quick === 1);
  }
}

async function showCut(found, quick) {
  isQuick = quick;
  preview = found && { x_only: previewOf(found.x_only), y_only: previewOf(found.y_only) };
  if (preview) state.cluster ??= groupInAddress(state.direction, state.k);
  if (preview) state.beside ??= besideFromAddress(state.k);
  for (const id of ["k-back", "k-run"]) document.getElementById(id).hidden = preview === null;
  fillRecut();
  fillFindings();
  fillRoles();
  await fillWall();
}

function fillRecut() {
  const usual = frameNow().directions[state.direction].clusters.length;
  document.getElementById("k").value = state.k ?? usual;
  document.getElementById("k-shown").textContent = state.k === null ? `${usual}` : `${state.k}, ${isQuick ? "a quick first cut" : "a preview"}`;
}

function startRecut() {
  if (DATA.mostClusters < 2) return;
  const slider = document.getElementById("k");
  document.getElementById("recut").hidden = false;
  slider.max = DATA.mostClusters;
  // What a cut needs is read while the hand is on its way.
  slider.addEventListener("pointerenter", () => ask("recut", { k: slider.min, quick: 1 }).catch(() => {}), { once: true });
  slider.addEventListener("input", () => (document.getElementById("k-shown").textContent = slider.value));
  slider.addEventListener("change", () => showList({ k: Number(slider.value), item: null }));
  document.getElementById("k-back").addEventListener("click", () => showList({ k: null, item: null }));
  follow(({ k }, changed) => {
    if (changed.k) cut(k);
    else if (changed.direction) fillRecut();
  });
}
