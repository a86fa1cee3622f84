// The groups of a direction in the order of what they mean, with filters, and what is left to review.

const FATES = { lost: "lost", loosened: "loosened", reordered: "reordered" };
const filters = { state: "", label: "", value: "" };

const findingOf = (direction, index) => findingsOf(direction).find((one) => one.index === index);
const findingsOf = (direction) => (preview ? preview[direction].findings : DATA.findings[direction]);
const differing = (direction) => findingsOf(direction).filter((one) => !one.noChange);
const colourOfGroup = (direction, index) => colourOf(directionOf(direction).clusters[index]);

// What people call a group, else what tells it apart.
function calledOf(direction, index) {
  const note = preview ? EMPTY : noteOf(direction, index);
  if (!note.name && note.merged_into !== null && note.merged_into !== undefined) return `with ${calledOf(direction, note.merged_into)}`;
  return note.name || findingOf(direction, index).called || `group ${findingOf(direction, index).number}`;
}

const toReview = (direction, one) => {
  const note = noteOf(direction, one.index);
  return !one.noChange && note.decision === null && !note.set_aside && note.merged_into === null;
};

function fits(direction, one) {
  const note = noteOf(direction, one.index);
  if (filters.state === "holds" && one.standing !== "holds") return false;
  if (filters.state === "unsure" && (one.standing === "holds" || one.noChange)) return false;
  if (filters.state === "left" && !toReview(direction, one)) return false;
  if (["real", "noise"].includes(filters.state) && note.decision !== filters.state) return false;
  if (filters.state === "aside" && !note.set_aside) return false;
  if (filters.label && !one.labels.includes(filters.label)) return false;
  if (!filters.value) return true;
  const holderGains = one.value === "gain";
  return ["gain", "loss"].includes(one.value) && ((direction === "x_only") === holderGains ? "x" : "y") === filters.value;
}

const standingClass = (one) => ({ holds: "holds", "no change": "same", "not tested": "untested" })[one.standing] ?? "unsure";

function entryOf(direction, one) {
  const entry = make("li");
  const note = preview ? EMPTY : noteOf(direction, one.index);
  const button = make("button", "finding");
  button.type = "button";
  button.dataset.cluster = one.index;
  button.setAttribute("aria-pressed", String(state.cluster === one.index));
  const status = make("span", `status ${standingClass(one)}`);
  status.title = one.standing;
  const words = make("span", "words");
  words.append(make("b", "", calledOf(direction, one.index)));
  const facts = [itemsInWords(one.size), FATES[one.fate], one.standing].filter(Boolean);
  words.append(make("small", "", facts.join(" · ")));
  const marks = [note.decision, note.set_aside ? "set aside" : "", ...note.tags].filter(Boolean);
  if (marks.length) words.append(make("small", "marks", marks.join(" · ")));
  button.append(status, dot(colourOfGroup(direction, one.index)), make("span", "number", one.number), words);
  button.classList.toggle("second", state.beside === besideAs(direction, one.index));
  button.addEventListener("click", (event) => (event.shiftKey && listed?.rows.length ? compareWith(direction, one.index) : showCluster(direction, one.index)));
  entry.append(button);
  return entry;
}

function fillFindings() {
  const { direction } = state;
  const shown = preview ? findingsOf(direction) : findingsOf(direction).filter((one) => fits(direction, one));
  document.getElementById("finding-list").replaceChildren(...shown.map((one) => entryOf(direction, one)));
  const left = ["x_only", "y_only"].map((name) => DATA.findings[name].filter((one) => toReview(name, one)).length);
  const review = document.getElementById("review");
  const all = left[0] + left[1];
  review.textContent = preview ? "A preview: groups of the kept eigenvectors, means estimated." : all ? `${all} left to review, ${left[direction === "x_only" ? 0 : 1]} of these` : "Nothing left to review.";
  fillSelections();
}

function fillSelections() {
  const list = document.getElementById("selection-list");
  list.replaceChildren();
  if (!annotations.selections.length) return;
  list.append(make("h2", "", "Selections"));
  for (const one of annotations.selections) {
    const button = make("button", "finding");
    button.type = "button";
    button.setAttribute("aria-pressed", String(state.named === one.name));
    const words = make("span", "words");
    words.append(make("b", "", one.name), make("small", "", itemsInWords(one.items.length)));
    button.append(words);
    button.addEventListener("click", () => showList({ named: one.name, item: null }));
    list.append(button);
  }
}

function fillRoles() {
  const holder = state.direction === "x_only" ? "x" : "y";
  const differs = differing(state.direction).length > 0;
  for (const chart of document.querySelectorAll(".chart")) {
    chart.querySelector(".role").textContent = differs ? (chart.dataset.side === holder ? "holds these groups together" : "holds them less") : "";
  }
  for (const radio of document.querySelectorAll("input[name=direction]")) radio.checked = radio.value === state.direction;
}

function startFindings() {
  const labels = [...new Set(["x_only", "y_only"].flatMap((name) => DATA.findings[name].flatMap((one) => one.labels)))].sort();
  const ofLabel = document.getElementById("filter-label");
  ofLabel.append(...labels.map((label) => new Option(label, label)));
  document.getElementById("filter-label-of").hidden = labels.length === 0;
  document.getElementById("filter-value").parentElement.hidden = !DATA.rightMeans;
  for (const name of ["state", "label", "value"]) {
    document.getElementById(`filter-${name}`).addEventListener("change", (event) => {
      filters[name] = event.target.value;
      fillFindings();
    });
  }
  for (const radio of document.querySelectorAll("input[name=direction]")) radio.addEventListener("change", () => showList({ direction: radio.value, item: null }));
  follow((_, changed) => {
    if (changed.direction) fillRoles();
    if (changed.direction || changed.cluster || changed.named || changed.k || changed.beside) fillFindings();
  });
  onAnnotations(fillFindings);
  onTheme(fillFindings);
}
