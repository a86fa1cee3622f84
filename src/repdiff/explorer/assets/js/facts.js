// The facts about the items that are listed: how far each model holds them together, and what they are.

const decimal = (value) => value.toLocaleString("en-GB", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

function pairOfBars(words, values, most, text, hint = "") {
  const part = make("div", "bars-of");
  part.append(make("p", "what", words));
  for (const side of SIDES) {
    const line = make("div", "bar-of");
    const meter = make("span", "meter");
    const fill = make("i");
    fill.style.width = `${Math.max(0, Math.min(1, values[side] / most)) * 100}%`;
    meter.append(fill);
    line.append(make("span", "name", frameNow().names[side]), meter, make("span", "figure", text(values[side])));
    part.append(line);
  }
  if (hint) part.append(make("p", "hint", hint));
  return part;
}

function labelBars(labels) {
  const part = make("div", "bars-of");
  part.append(make("p", "what", "Most frequent labels"));
  for (const { label, share } of labels) {
    const line = make("div", "bar-of");
    const meter = make("span", "meter");
    const fill = make("i");
    fill.style.width = `${share * 100}%`;
    meter.append(fill);
    const name = make("button", "name link", label);
    name.type = "button";
    name.title = "Search for this label";
    name.addEventListener("click", () => showList({ query: `label:"${label.replaceAll('"', "")}"`, item: null }));
    line.append(name, meter, make("span", "figure", inPercent(share)));
    part.append(line);
  }
  return part;
}

function closestLine(direction, closest) {
  const line = make("p", "closest");
  const button = make("button", "link");
  button.type = "button";
  button.dataset.closest = direction;
  button.append(dot(colourOfGroup(direction, closest.index)), calledOf(direction, closest.index));
  button.addEventListener("click", () => showCluster(direction, closest.index));
  const both = make("button", "link", "side by side");
  both.type = "button";
  both.dataset.both = direction;
  both.addEventListener("click", () => compareWith(direction, closest.index));
  line.append(`Closest group of ${holderOf(direction)}: `, button, ` shares ${inFigures(closest.shared)} of its ${inFigures(closest.size)} · `, both);
  return line;
}

function factsOf(facts, { otherThan = null } = {}) {
  const parts = [];
  const { cohesion, kept, keptOfAll, labels, right, closest } = facts;
  if (cohesion) parts.push(pairOfBars(`Of ${DATA.neighbours} neighbours, fellow members`, cohesion, DATA.neighbours, decimal, `${decimal(cohesion.chance)} by chance`));
  if (kept !== null) parts.push(make("p", "fact", `Its items keep ${decimal(kept)} of ${DATA.neighbours} neighbours, all items ${decimal(keptOfAll)}.`));
  if (right.x.here !== null && right.y.here !== null) {
    const overall = SIDES.map((side) => `${frameNow().names[side]} ${inPercent(right[side].overall)}`).join(", ");
    parts.push(pairOfBars("Right", { x: right.x.here, y: right.y.here }, 1, inPercent, `over all items ${overall}; right: ${DATA.rightMeans}`));
  }
  if (labels.length) parts.push(labelBars(labels));
  if (!preview) for (const direction of ["x_only", "y_only"]) if (direction !== otherThan && closest[direction]) parts.push(closestLine(direction, closest[direction]));
  return parts;
}
