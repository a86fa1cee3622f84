// How the maps are laid out: principal components at once, UMAP when the server has made it.

const EVERY = 400; // milliseconds between questions of how far it is
let umap = null; // shares of the map by side, and words
const note = document.getElementById("map-note");

function tellNote(words, { share = null } = {}) {
  const [text, bar, button] = note.children;
  note.hidden = !words;
  text.textContent = words;
  bar.hidden = button.hidden = share === null;
  if (share !== null) bar.value = share;
}

// Both sides in one frame, since they are turned onto each other; items without a place lie far outside.
function umapShares(told) {
  const places = Array.from(unpack(told.rows, Int32Array), placeOf);
  const sides = Object.fromEntries(SIDES.map((side) => [side, unpack(told[side], Float32Array)]));
  const limits = [0, 1].map((axis) => {
    let [low, high] = [Infinity, -Infinity];
    for (const side of SIDES) for (let place = axis; place < sides[side].length; place += 2) [low, high] = [Math.min(low, sides[side][place]), Math.max(high, sides[side][place])];
    const margin = 0.05 * (high - low) || 1;
    return [low - margin, high + margin];
  });
  return Object.fromEntries(SIDES.map((side) => {
    const within = sharesOf(sides[side], limits);
    const shares = new Float32Array(2 * COUNT).fill(ABSENT);
    places.forEach((place, one) => place !== undefined && shares.set(within.subarray(2 * one, 2 * one + 2), 2 * place));
    return [side, shares];
  }));
}

function useShares(shares, called) {
  for (const chart of Object.values(charts)) {
    chart.own = shares ? shares[chart.side] : chart.components;
    chart.view = { left: 0, top: 0, zoom: 1 };
    chart.canvas.setAttribute("aria-label", `Map of ${frameNow().names[chart.side]}: ${called}`);
  }
  charts.y.shares = charts.y.own;
  turn(turned);
  if (state.lasso) fillWall();
}

async function layMaps(kind) {
  document.getElementById("map-kind").value = kind;
  if (kind === "umap") return umap ? showUmap() : waitForUmap();
  tellNote("");
  useShares(null, "first two principal components");
}

function showUmap() {
  tellNote(umap.words);
  useShares(umap.shares, "UMAP");
}

const orderUmap = (order) => ask("umap", {}, { method: "POST", body: { do: order } });

async function waitForUmap() {
  const wanted = () => state.map === "umap";
  try {
    let told = await ask("umap");
    if (["idle", "failed"].includes(told.state)) told = await orderUmap("start");
    while (told.state === "working" && wanted()) {
      tellNote(told.words, { share: told.share });
      await new Promise((later) => setTimeout(later, EVERY));
      if (wanted()) told = await ask("umap");
    }
    if (told.state === "ready") umap ??= { shares: umapShares(told), words: told.words };
    if (!wanted()) return;
    if (umap) showUmap();
    else tellNote(told.state === "idle" ? "" : told.words);
    if (!umap) dropUmap();
  } catch (error) {
    tell(error.message);
    if (wanted()) dropUmap();
  }
}

// Back to the components, without hiding what the note says of it.
function dropUmap() {
  const words = note.firstElementChild.textContent;
  show({ map: "" });
  tellNote(words);
}

function startLayout() {
  const choice = document.getElementById("map-kind");
  for (const chart of Object.values(charts)) chart.components = chart.own;
  choice.addEventListener("change", () => show({ map: choice.value, ...(state.lasso ? { lasso: null } : {}) }));
  note.lastElementChild.addEventListener("click", async () => {
    tellNote("");
    show({ map: "" });
    await orderUmap("cancel").catch((error) => tell(error.message));
  });
  follow(({ map }, changed) => changed.map && layMaps(map));
}
