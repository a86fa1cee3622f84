// In order: what is kept first, then what shows it.

function startFrame() {
  const frame = document.getElementById("frame");
  frame?.addEventListener("change", () => location.assign(`/?frame=${frame.value}`));
  if (ROWS === null) return;
  const sampled = document.getElementById("sampled");
  sampled.hidden = false;
  sampled.textContent = `The maps draw ${inFigures(COUNT)} of ${inFigures(DATA.total)} items: all representatives and a random sample. Search and groups have them all.`;
}

async function start() {
  startAddress();
  startFrame();
  startAnnotations();
  startMaps();
  startLayout();
  startColouring();
  startFindings();
  startWall();
  startBeside();
  startLook();
  startInspector();
  startSearch();
  startRecut();
  startTrials();
  startRerun();
  startReview();
  document.getElementById("query").value = state.query ?? "";
  if (state.map) layMaps(state.map);
  if (state.by) await colourBy(state.by);
  fillRoles();
  fillRecut();
  fillFindings();
  if (state.k !== null) await cut(state.k);
  else await fillWall();
  if (state.trial !== null) await tryOut();
  document.documentElement.dataset.ready = "";
}

start();
