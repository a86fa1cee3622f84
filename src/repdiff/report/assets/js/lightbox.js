// One item, looked at closely: its picture or text, its columns, its groups, its neighbours. Arrow keys go through the list.

const lightbox = document.getElementById("lightbox");
let walked = []; // places that the arrow keys go through

function factsOf(place) {
  const { names, directions } = frameNow();
  const { x, y } = ITEMS.predictions;
  const groups = [["x_only", names.x], ["y_only", names.y]].map(([name, holder]) => {
    const { clusters, labels } = directions[name];
    const { number, called, noChange } = clusters[labels[place]];
    return [`only in ${holder}`, noChange ? "no change" : `group ${number}${called ? `: ${called}` : ""}`];
  });
  const told = [
    ["id", ITEMS.ids[place]],
    ...(ITEMS.labels ? [[ITEMS.labelColumn, labelOf(place)]] : []),
    ...groups,
    ...(x ? [[`${names.x} says`, x[place]]] : []),
    ...(y ? [[`${names.y} says`, y[place]]] : []),
    ...COLUMNS.map(({ name, at }) => [name, at(place)]),
  ];
  const known = new Map(told.filter(([, value]) => value !== "" && value !== undefined));
  const list = make("dl", "item-facts");
  for (const [name, value] of known) list.append(make("dt", "", name), make("dd", "", value));
  return list;
}

function fillLightbox(place) {
  const picture = make("div", "large view");
  picture.append(sight(place));
  const head = document.getElementById("lightbox-title");
  head.textContent = nameOfItem(place);
  const about = make("div", "about");
  about.append(picture, factsOf(place));
  const at = walked.indexOf(place);
  document.getElementById("lightbox-count").textContent = at < 0 ? "" : `${inFigures(at + 1)} of ${inFigures(walked.length)}`;
  for (const button of lightbox.querySelectorAll("[data-walk]")) button.disabled = walked.length < 2;
  lightbox.querySelector(".body").replaceChildren(about, neighbourStrip(place, "x"), neighbourStrip(place, "y"));
  lightbox.querySelector(".body").scrollTop = 0;
}

function walk(step) {
  if (!walked.length) return;
  const at = walked.indexOf(state.item);
  show({ item: walked[at < 0 ? 0 : (at + step + walked.length) % walked.length] });
}

// From a list or a card: the arrow keys go through what it shows.
function look(tile) {
  const list = tile.closest(".wall, .card, .quiet-card");
  const wall = list?.classList.contains("wall");
  walked = wall ? galleryPlaces() : [...(list ?? document).querySelectorAll("[data-item]")].map(({ dataset }) => Number(dataset.item));
  hideHovercard();
  show({ item: Number(tile.dataset.item) });
}

function startLightbox() {
  document.addEventListener("click", ({ target }) => {
    const tile = target.closest("[data-item]");
    if (tile && !lightbox.contains(tile)) look(tile);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches?.(".wall [data-item]")) look(event.target);
    if (!lightbox.open) return;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    walk(step);
  });
  for (const button of lightbox.querySelectorAll("[data-walk]")) button.addEventListener("click", () => walk(Number(button.dataset.walk)));
  document.getElementById("lightbox-close").addEventListener("click", () => show({ item: null }));
  lightbox.addEventListener("click", ({ target }) => target === lightbox && show({ item: null }));
  lightbox.addEventListener("close", () => show({ item: null }));
  follow(({ item }, changed) => {
    if (!changed.item && !changed.frame && !changed.direction) return;
    if (item === null) {
      if (lightbox.open) lightbox.close();
      return;
    }
    fillLightbox(item);
    if (!lightbox.open) lightbox.showModal();
  });
}
