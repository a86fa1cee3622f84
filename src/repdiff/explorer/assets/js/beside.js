// Two groups side by side: the listed one, and a second that was chosen beside it.

let paired = null; // { key, answer } of the two groups that are compared
const MANY_LABELS = 10;

function besideNow() {
  const [direction, index] = (state.beside ?? "").split(":");
  const known = state.beside !== null && findingsOf(direction).some((one) => one.index === Number(index));
  return known ? { direction, index: Number(index) } : null;
}

const besideAs = (direction, index) => `${direction}:${index}`;
const compareWith = (direction, index) => show({ beside: besideAs(direction, index), item: null });
const askedGroup = (direction, index) => (preview ? { direction, rows: rowsOfPreview(direction, index) } : { direction, index });

function askedPair() {
  const { direction, cluster } = state;
  const second = besideNow();
  const first = cluster === null ? { direction, rows: listed.rows } : askedGroup(direction, cluster);
  return { first, second: askedGroup(second.direction, second.index) };
}

// Rows of both, for the maps to light.
function rowsOfBoth() {
  const second = besideNow();
  if (!second) return listed.rows;
  const { labels } = directionOf(second.direction);
  return [...listed.rows, ...allPlaces().filter((place) => labels[place] === second.index).map(rowOf)];
}

const firstCalled = () => (state.cluster === null ? titleNow(listed.rows.length) : calledOf(state.direction, state.cluster));

// A list of all groups of both directions to compare with; a keyboard reaches it.
function compareChoice() {
  const choice = make("select");
  choice.id = "compare-with";
  choice.append(new Option("choose a group", ""));
  for (const direction of ["x_only", "y_only"]) {
    const part = make("optgroup");
    part.label = `only in ${holderOf(direction)}`;
    for (const one of differing(direction)) if (direction !== state.direction || one.index !== state.cluster) part.append(new Option(`${one.number}: ${calledOf(direction, one.index)}`, besideAs(direction, one.index)));
    if (part.children.length) choice.append(part);
  }
  choice.value = state.beside ?? "";
  choice.addEventListener("change", () => show({ beside: choice.value || null, item: null }));
  const label = make("label", "compare");
  label.append(make("span", "", "Compare with"), choice);
  return label;
}

function headOf(called, colour, about, tiles, open) {
  const part = make("div", "one-of-two");
  const title = make("h3");
  const name = open ? make("button", "link") : make("span");
  if (open) {
    name.type = "button";
    name.addEventListener("click", open);
  }
  name.append(...(colour ? [dot(colour)] : []), called);
  title.append(name);
  const strip = make("ul", "wall");
  strip.append(...tiles.map(tileOf));
  part.append(title, make("p", "hint", about), strip);
  return part;
}

function rowOfTwo(words, values) {
  const row = make("tr");
  row.append(make("th", "", words), ...values.map((value) => make("td", "", value)));
  row.firstChild.scope = "row";
  return row;
}

function tableOfTwo(called, caption, rows) {
  const table = make("table", "of-two");
  const head = make("thead");
  const line = make("tr");
  line.append(make("td"), ...called.map((name) => make("th", "", name)));
  head.append(line);
  const body = make("tbody");
  body.append(...rows);
  table.append(make("caption", "", caption), head, body);
  return table;
}

function factRows(facts) {
  const { names } = frameNow();
  const rows = [rowOfTwo("items", facts.map(({ count }) => inFigures(count)))];
  const known = (value, text) => (value === null || value === undefined ? "unknown" : text(value));
  if (facts.some(({ cohesion }) => cohesion)) {
    for (const side of SIDES) rows.push(rowOfTwo(`fellow members among ${DATA.neighbours} neighbours, ${names[side]}`, facts.map(({ cohesion }) => known(cohesion?.[side], decimal))));
    rows.push(rowOfTwo("the same by chance", facts.map(({ cohesion }) => known(cohesion?.chance, decimal))));
    rows.push(rowOfTwo(`neighbours kept, of ${DATA.neighbours}`, facts.map(({ kept }) => known(kept, decimal))));
  }
  for (const side of SIDES) if (facts.some(({ right }) => right[side].here !== null)) rows.push(rowOfTwo(`${names[side]} right`, facts.map(({ right }) => known(right[side].here, inPercent))));
  return rows;
}

function sharedFact({ shared, groups }) {
  if (!shared) return make("p", "fact", "They have no item in common.");
  const [one, other] = groups.map(({ facts }) => inPercent(shared / facts.count));
  return make("p", "fact", `${itemsInWords(shared)} in both: ${one} of the first, ${other} of the second.`);
}

// How near the two are to each other in each model.
function nearness({ places, neighbours, groups, shared }) {
  const parts = [];
  const apart = groups.some(({ facts }) => facts.count === shared) ? "One lies wholly within the other." : "";
  if (apart) return [make("p", "fact", apart)];
  if (places) {
    const hint = "Seen from an item of one, this share of all items is nearer than a typical item of the other: the shorter the bar, the nearer. Chance is 50\u00a0%.";
    parts.push(pairOfBars(`How far apart ${shared ? "their other items" : "they"} are`, places, 1, inPercent, hint));
  }
  const [from, back] = neighbours;
  if (from && back) {
    const both = Object.fromEntries(["x", "y", "chance"].map((key) => [key, (from[key] + back[key]) / 2]));
    parts.push(pairOfBars(`Of ${DATA.neighbours} neighbours, members of the other`, both, DATA.neighbours, decimal, `${decimal(both.chance)} by chance${shared ? "; items in both left out" : ""}`));
  }
  return parts.length ? parts : [make("p", "hint", "How near they are is not known: this run keeps neither neighbours nor embeddings.")];
}

function besideParts(answer) {
  const second = besideNow();
  const { direction, cluster } = state;
  const facts = answer.groups.map((one) => one.facts);
  const called = [firstCalled(), calledOf(second.direction, second.index)];
  const held = (name) => `held together by ${holderOf(name)}`;
  const two = make("div", "two");
  two.append(
    headOf(called[0], cluster === null ? null : colourOfGroup(direction, cluster), cluster === null ? "drawn round or found" : held(direction), answer.groups[0].tiles, cluster === null ? null : () => showCluster(direction, cluster)),
    headOf(called[1], colourOfGroup(second.direction, second.index), held(second.direction), answer.groups[1].tiles, () => showCluster(second.direction, second.index)),
  );
  const close = make("button", "plain close", "Only the first");
  close.id = "beside-close";
  close.type = "button";
  close.addEventListener("click", () => show({ beside: null }));
  const short = ["first", "second"];
  const parts = [close, make("h2", "", "Side by side"), compareChoice(), two, sharedFact(answer), ...nearness(answer), tableOfTwo(short, "In figures", factRows(facts))];
  if (answer.labels.length) parts.push(tableOfTwo(short, "What they consist of", answer.labels.slice(0, MANY_LABELS).map(({ label, shares }) => rowOfTwo(label, shares.map(inPercent)))));
  return parts;
}

// The answer for the two groups of now; null where another question has come since.
async function pairNow() {
  const question = askedPair();
  const key = JSON.stringify([state.beside, state.direction, state.cluster, state.k, state.cluster === null && listed.rows]);
  if (paired?.key === key) return paired.answer;
  const answer = await latest("beside", () => ask("beside", {}, { method: "POST", body: question }));
  if (answer) paired = { key, answer };
  return answer;
}

function startBeside() {
  follow((_, changed) => {
    if (!changed.beside || changed.cluster || changed.direction || !listed) return;
    light(rowsOfBoth());
    if (!changed.item) fillInspector();
  });
}
