// Search: words that an item's id, name, label, text or columns hold; `label:`, `group:`, `only:` and columns narrow it.

const MOST_WAIT = 150; // milliseconds after the last key

// `flag label:"Country flags" only:x` -> [["", "flag"], ["label", "country flags"], ["only", "x"]]
function termsOf(query) {
  const found = query.toLowerCase().matchAll(/(?:([^\s:"]+):)?(?:"([^"]*)"|(\S+))/g);
  return Array.from(found, ([, key, quoted, bare]) => [key ?? "", quoted ?? bare]);
}

function testOf([key, value]) {
  const { directions } = frameNow();
  const holds = (text) => String(text ?? "").toLowerCase().includes(value);
  const isGroup = (name) => (place) => !directions[name].clusters[directions[name].labels[place]].noChange;
  if (key === "only") return isGroup(value === "y" || value === frameNow().names.y.toLowerCase() ? "y_only" : "x_only");
  if (key === "group") return (place) => String(clusterOf(place).number) === value;
  if (key === "id") return (place) => holds(ITEMS.ids[place]);
  if (key === "label" || (ITEMS.labelColumn && key === ITEMS.labelColumn.toLowerCase())) return (place) => holds(labelOf(place));
  const column = COLUMNS.find(({ name }) => name.toLowerCase() === key);
  if (column) return (place) => holds(column.at(place));
  const wanted = key ? `${key}:${value}` : value;
  const everywhere = (text) => String(text ?? "").toLowerCase().includes(wanted);
  return (place) =>
    everywhere(ITEMS.ids[place]) || everywhere(ITEMS.names?.[place]) || everywhere(labelOf(place)) ||
    everywhere(ITEMS.texts?.[place]) || COLUMNS.some(({ at }) => everywhere(at(place)));
}

function placesFor(query) {
  const tests = termsOf(query).map(testOf);
  return tests.length ? allPlaces().filter((place) => tests.every((test) => test(place))) : [];
}

function startSearch() {
  const field = document.getElementById("search");
  const run = () => select(placesFor(field.value), field.value.trim());
  let waiting = 0;
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(run, MOST_WAIT);
  });
  field.form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(waiting);
    run();
    document.getElementById("gallery-title").scrollIntoView({ block: "nearest" });
  });
  follow(({ query }, changed) => {
    if (changed.query && field.value.trim() !== query) field.value = query;
  });
}
