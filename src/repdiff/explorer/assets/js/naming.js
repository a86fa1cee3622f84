// What people say of a group: fields in the inspector, written when they are left.

function fieldOf(words, control) {
  const label = make("label", "field");
  label.append(make("span", "", words), control);
  return label;
}

function textOf(kind, value, id, longest, written) {
  const control = make(kind);
  control.id = id;
  control.value = value;
  control.maxLength = longest;
  if (kind === "input") {
    control.autocomplete = "off";
    control.addEventListener("keydown", (event) => event.key === "Enter" && control.blur());
  }
  control.addEventListener("change", () => written(control.value.trim()));
  return control;
}

function decisionButton(direction, index, decision, words) {
  const button = make("button", `decision ${decision}`, words);
  button.type = "button";
  button.dataset.decision = decision;
  const now = noteOf(direction, index).decision;
  button.setAttribute("aria-pressed", String(now === decision));
  button.addEventListener("click", () => change({ direction, index, field: "decision" }, now === decision ? null : decision));
  return button;
}

function mergeChoice(direction, index) {
  const choice = make("select");
  choice.id = "merge";
  choice.append(new Option("on its own", ""));
  const counted = (other) => {
    for (let next = other; next !== null; next = noteOf(direction, next).merged_into) if (next === index) return true;
    return false;
  };
  for (const other of differing(direction)) if (!counted(other.index)) choice.append(new Option(`with ${other.number}: ${calledOf(direction, other.index)}`, other.index));
  choice.value = noteOf(direction, index).merged_into ?? "";
  choice.addEventListener("change", () => change({ direction, index, field: "merged_into" }, choice.value === "" ? null : Number(choice.value)));
  return choice;
}

function asideBox(direction, index) {
  const box = make("input");
  box.type = "checkbox";
  box.id = "aside";
  box.checked = noteOf(direction, index).set_aside;
  box.addEventListener("change", () => change({ direction, index, field: "set_aside" }, box.checked));
  const label = make("label", "tick");
  label.append(box, make("span", "", "set aside"));
  return label;
}

function namingOf(direction, index) {
  const note = noteOf(direction, index);
  const put = (field) => (value) => change({ direction, index, field }, value);
  const tags = (text) => [...new Set(text.split(",").map((tag) => tag.trim()).filter(Boolean))];
  const part = make("div", "naming");
  const decisions = make("div", "decisions");
  decisions.append(decisionButton(direction, index, "real", "Real (r)"), decisionButton(direction, index, "noise", "Noise (n)"), asideBox(direction, index));
  part.append(
    decisions,
    fieldOf("Name", textOf("input", note.name, "name", 200, put("name"))),
    fieldOf("Tags", textOf("input", note.tags.join(", "), "tags", 500, (text) => put("tags")(tags(text)))),
    fieldOf("Note", textOf("textarea", note.note, "note", 10000, put("note"))),
    fieldOf("Counted", mergeChoice(direction, index)),
  );
  return part;
}

// Items that were picked out may be kept under a name.
function keepingOf() {
  const part = make("form", "naming keeping");
  const name = make("input");
  name.id = "selection-name";
  name.maxLength = 200;
  name.autocomplete = "off";
  name.required = true;
  const button = make("button", "solid", "Keep these items");
  part.append(fieldOf("Name them", name), button);
  part.addEventListener("submit", async (event) => {
    event.preventDefault();
    const called = name.value.trim();
    if (!called || !listed?.rows.length) return;
    if (annotations.selections.some((one) => one.name === called)) return tell(`there is a selection called “${called}” already`);
    const items = await idsListed();
    await change({ selections: true }, [...annotations.selections, { name: called, items, note: "" }]);
    if (annotations.selections.some((one) => one.name === called)) showList({ named: called, item: null });
  });
  return part;
}

function keptOf(named) {
  const part = make("div", "naming");
  const button = make("button", "plain", "Forget this selection");
  button.type = "button";
  button.addEventListener("click", () => {
    change({ selections: true }, annotations.selections.filter((one) => one.name !== named));
    showList({ item: null });
  });
  const put = (note) => change({ selections: true }, annotations.selections.map((one) => (one.name === named ? { ...one, note } : one)));
  const kept = annotations.selections.find((one) => one.name === named);
  part.append(fieldOf("Note", textOf("textarea", kept?.note ?? "", "note", 10000, put)), button);
  return part;
}
