// Review by keyboard: next, previous, real, noise; undo, search, back.

function step(by) {
  const { direction, cluster } = state;
  const order = findingsOf(direction).filter((one) => preview || fits(direction, one));
  if (!order.length) return;
  const now = order.findIndex((one) => one.index === cluster);
  const next = order[now < 0 ? (by > 0 ? 0 : order.length - 1) : (now + by + order.length) % order.length];
  showCluster(direction, next.index);
  document.querySelector(`#finding-list [data-cluster="${next.index}"]`)?.scrollIntoView({ block: "nearest" });
}

// After a decision, the next group that waits for one; of the other direction when this one is done.
function nextToReview() {
  const { direction, cluster } = state;
  const order = differing(direction);
  const now = order.findIndex((one) => one.index === cluster);
  const other = direction === "x_only" ? "y_only" : "x_only";
  const waiting = [...order.slice(now + 1), ...order.slice(0, now + 1)].map((one) => [direction, one]).concat(differing(other).map((one) => [other, one]));
  const next = waiting.find(([name, one]) => toReview(name, one));
  if (next) showCluster(next[0], next[1].index);
  else tell("Nothing is left to review. The memo says what was decided.");
}

async function decide(decision) {
  const { direction, cluster } = state;
  if (cluster === null || preview || findingOf(direction, cluster).noChange) return;
  await change({ direction, index: cluster, field: "decision" }, decision);
  if (noteOf(direction, cluster).decision === decision) nextToReview();
}

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  r: () => decide("real"),
  n: () => decide("noise"),
  u: () => undo(),
  "/": () => document.getElementById("query").focus(),
  c: () => document.getElementById("compare-with")?.focus(),
  Escape: () => (state.item !== null ? show({ item: null, look: false }) : state.beside !== null ? show({ beside: null }) : showList({})),
};

function startReview() {
  addEventListener("keydown", (event) => {
    const typing = event.target.matches("input:not([type=checkbox]):not([type=radio]):not([type=range]), textarea, select");
    if (typing && event.key === "Escape") event.target.blur();
    if (typing || event.altKey || event.metaKey || event.ctrlKey) return;
    const act = KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}
