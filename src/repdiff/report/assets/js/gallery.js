// The items that are selected, or those of the cluster that is seen alone.

const FIRST = 60;
const MORE = 120;

function galleryTile(place) {
  const tile = make("li", "item");
  tile.dataset.item = place;
  const cluster = clusterOf(place);
  const view = make("div", "view");
  view.append(sight(place));
  const caption = make("div", "caption");
  const dot = make("i");
  dot.style.background = colourOf(cluster);
  dot.title = `cluster ${cluster.index}`;
  const words = make("span");
  words.append(make("b", "", ITEMS.ids[place]));
  if (labelOf(place)) words.append(make("small", "", labelOf(place)));
  caption.append(dot, words);
  tile.append(view, caption);
  return tile;
}

// Selected items, narrowed to the cluster that is seen alone.
function galleryPlaces() {
  const { selection, isolated } = state;
  if (!selection.length) return isolated === null ? [] : clusterPlaces(isolated);
  return isolated === null ? selection : selection.filter((place) => directionNow().labels[place] === isolated);
}

function galleryTitle(count) {
  const items = `${inFigures(count)} ${count === 1 ? "item" : "items"}`;
  if (state.selection.length) return state.isolated === null ? `${items} selected` : `${items} of cluster ${state.isolated} selected`;
  return state.isolated === null ? "Nothing selected" : `Cluster ${state.isolated}: ${items}`;
}

function startGallery() {
  const wall = document.getElementById("wall");
  const title = document.getElementById("gallery-title");
  const hint = document.getElementById("gallery-hint");
  const more = document.getElementById("show-more");
  const clear = document.getElementById("clear-selection");
  let places = [];
  let shown = 0;
  const extend = (count) => {
    const next = places.slice(shown, shown + count);
    wall.append(...next.map(galleryTile));
    shown += next.length;
    more.hidden = shown >= places.length;
    more.textContent = `Show more · ${inFigures(shown)} of ${inFigures(places.length)}`;
  };
  const fill = () => {
    places = galleryPlaces();
    shown = 0;
    wall.replaceChildren();
    title.textContent = galleryTitle(places.length);
    hint.hidden = places.length > 0 || state.selection.length > 0;
    clear.hidden = state.selection.length === 0;
    extend(FIRST);
  };
  more.addEventListener("click", () => {
    const firstNew = shown;
    extend(MORE);
    wall.children[firstNew].tabIndex = -1;
    wall.children[firstNew].focus({ preventScroll: true });
  });
  clear.addEventListener("click", () => select([]));
  follow(fill);
  onTheme(fill);
}
