// Every state in the address, so that the way back leads there, and a link opens it.

const SHORT = { direction: "d", cluster: "c", query: "q", named: "n", item: "i", sort: "s", by: "by", k: "k" };
const NUMBERS = ["cluster", "item", "k"];

function asHash() {
  const parts = new URLSearchParams();
  for (const [key, short] of Object.entries(SHORT)) if (state[key] !== START[key] && state[key] !== null) parts.set(short, state[key]);
  if (state.lasso) parts.set("l", `${state.lasso.side}:${state.lasso.points.map((point) => point.map((share) => Math.round(share * 1e4)).join(",")).join(";")}`);
  return parts.size ? `#${parts}` : "";
}

function fromHash() {
  const parts = new URLSearchParams(location.hash.slice(1));
  const found = { ...START };
  for (const [key, short] of Object.entries(SHORT)) {
    const text = parts.get(short);
    if (text === null) continue;
    if (!NUMBERS.includes(key)) found[key] = text;
    else if (/^\d{1,9}$/.test(text)) found[key] = Number(text);
  }
  if (!["x_only", "y_only"].includes(found.direction)) found.direction = "x_only";
  const [side, points] = (parts.get("l") ?? "").split(":");
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
