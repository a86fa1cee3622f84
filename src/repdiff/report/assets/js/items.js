// The maps as a table: every item with its clusters and coordinates, or the selected ones; built when it is opened.

const PAGE = 100;

function itemColumns() {
  const { x, y } = frameNow().names;
  const { directions, coordinates } = frameNow();
  const columns = [["id", (place) => ITEMS.ids[place]]];
  if (ITEMS.labels) columns.push([ITEMS.labelColumn, labelOf]);
  for (const [name, holder] of [["x_only", x], ["y_only", y]]) {
    columns.push([`group, only in ${holder}`, (place) => String(directions[name].clusters[directions[name].labels[place]].number)]);
  }
  for (const [side, name] of [["x", x], ["y", y]]) {
    for (const axis of [0, 1]) {
      columns.push([`${name}, component ${axis + 1}`, (place) => coordinates[side][2 * place + axis].toPrecision(4)]);
    }
  }
  return columns;
}

function itemTable(columns, places) {
  const table = make("table");
  const head = make("tr");
  head.append(...columns.map(([name]) => make("th", "", name)));
  table.append(make("thead"), make("tbody"));
  table.tHead.append(head);
  for (const cell of head.children) cell.scope = "col";
  for (const place of places) {
    const row = table.tBodies[0].insertRow();
    row.append(...columns.map(([, value], order) => make(order ? "td" : "th", "", value(place))));
    row.firstChild.scope = "row";
  }
  return table;
}

function startItems() {
  const details = document.getElementById("items-table");
  const count = details.querySelector(".pager span");
  let first = 0;
  const fill = () => {
    if (!details.open) return;
    const places = state.selection.length ? state.selection : allPlaces();
    first = Math.max(0, Math.min(first, Math.floor((places.length - 1) / PAGE) * PAGE));
    const last = Math.min(first + PAGE, places.length);
    details.querySelector(".scroll").replaceChildren(itemTable(itemColumns(), places.slice(first, last)));
    const what = state.selection.length ? "selected items" : "items";
    count.textContent = `${inFigures(first + 1)} to ${inFigures(last)} of ${inFigures(places.length)} ${what}`;
    details.querySelector("[data-step='-1']").disabled = first === 0;
    details.querySelector("[data-step='1']").disabled = last === places.length;
  };
  for (const button of details.querySelectorAll("[data-step]")) {
    button.addEventListener("click", () => {
      first += PAGE * Number(button.dataset.step);
      fill();
    });
  }
  details.addEventListener("toggle", fill);
  follow((_, changed) => {
    if (changed.selection) first = 0;
    if (changed.selection || changed.frame) fill();
  });
}
