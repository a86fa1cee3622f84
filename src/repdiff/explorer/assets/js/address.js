// Every state in the address, so that the way back leads there, and a link opens it. The words are those of the report's
// page, whose links open here, too.

const WORDS = { query: "search", named: "selection", sort: "order", map: "map", by: "colour", k: "groups", trial: "settings" };

function asHash() {
  const parts = new URLSearchParams();
  if (state.direction !== START.direction) parts.set("only", "y");
  if (state.cluster !== null) parts.set("group", findingOf(state.direction, state.cluster)?.number ?? 0);
  for (const [key, word] of Object.entries(WORDS)) if (state[key] !== START[key]) parts.set(word, state[key]);
  if (state.beside !== null) parts.set("beside", besideInAddress(state.beside));
  if (state.fresh !== null) parts.set("new", state.fresh);
  if (state.look) parts.set("picture", "large");
  if (state.lasso) parts.set("round", `${state.lasso.side}:${state.lasso.points.map((point) => point.map((share) => Math.round(share * 1e4)).join(",")).join(";")}`);
  if (state.item !== null) parts.set(...itemInAddress(state.item));
  return parts.size ? `#${parts}` : "";
}

// A second group by the letter of its direction and its number: "y:3".
function besideInAddress(beside) {
  const [direction, index] = beside.split(":");
  return `${direction[0]}:${findingOf(direction, Number(index))?.number ?? 0}`;
}

function besideFromAddress(k) {
  const [side, number] = (new URLSearchParams(location.hash.slice(1)).get("beside") ?? "").split(":");
  if (!["x", "y"].includes(side)) return null;
  const index = findingsInAddress(`${side}_only`, k).find((one) => one.number === wholeNumber(number))?.index;
  return index === undefined ? null : `${side}_only:${index}`;
}

const itemInAddress = (row) => (placeOf(row) === undefined ? ["row", row] : ["item", ITEMS.ids[placeOf(row)]]);

function wholeNumber(text) {
  return /^\d{1,9}$/.test(text ?? "") ? Number(text) : null;
}

const findingsInAddress = (direction, k) => (k === null ? DATA.findings[direction] : state.k === k && preview ? preview[direction].findings : []);

// The group that the address names by its number; null for none, and while the groups of its preview are not there yet.
function groupInAddress(direction, k) {
  const number = wholeNumber(new URLSearchParams(location.hash.slice(1)).get("group"));
  return findingsInAddress(direction, k).find((one) => one.number === number)?.index ?? null;
}

function fromHash() {
  const parts = new URLSearchParams(location.hash.slice(1));
  const found = { ...START, direction: parts.get("only") === "y" ? "y_only" : "x_only" };
  for (const [key, word] of Object.entries(WORDS)) if (parts.has(word)) found[key] = parts.get(word);
  if (found.map !== "umap") found.map = START.map;
  found.k = wholeNumber(parts.get("groups"));
  found.cluster = groupInAddress(found.direction, found.k);
  found.beside = besideFromAddress(found.k);
  found.fresh = wholeNumber(parts.get("new"));
  found.look = parts.get("picture") === "large";
  const place = ITEMS.ids.indexOf(parts.get("item") ?? "");
  found.item = place >= 0 ? rowOf(place) : wholeNumber(parts.get("row"));
  const [side, points] = (parts.get("round") ?? "").split(":");
  if (["x", "y"].includes(side) && points) {
    const read = points.split(";").map((point) => point.split(",").map((share) => Number(share) / 1e4));
    if (read.length > 2 && read.every((point) => point.length === 2 && point.every(Number.isFinite))) found.lasso = { side, points: read };
  }
  return found;
}

const addressOf = (hash) => `/${FRAME ? `?frame=${FRAME}` : ""}${hash}`;

function keepInAddress() {
  if (asHash() !== location.hash) history.pushState(null, "", addressOf(asHash()));
}

function startAddress() {
  Object.assign(state, fromHash());
  history.replaceState(null, "", addressOf(location.hash)); // the token has become a cookie
  addEventListener("popstate", () => {
    const found = fromHash();
    const changed = Object.fromEntries(Object.keys(found).filter((key) => JSON.stringify(found[key]) !== JSON.stringify(state[key])).map((key) => [key, true]));
    Object.assign(state, found);
    followAll(changed);
  });
}
