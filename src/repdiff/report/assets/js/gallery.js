// The items that are selected, or those of the cluster that is seen alone.

const FIRST = 60;
const MORE = 120;

function galleryTile(place) {
  const tile = make("li", "item");
  tile.dataset.item = place;
  tile.tabIndex = 0;
  tile.setAttribute("role", "button");
  tile.setAttribute("aria-label", `Look at ${nameOfItem(place)}`);
  const cluster = clusterOf(place);
  const view = make("div", "view");
  view.append(sight(place));
  const caption = make("div", "caption");
  const dot = make("i");
  dot.style.background = colourOf(cluster);
  dot.title = `group ${cluster.number}`;
  const words = make("span");
  words.append(make("b", "", nameOfItem(place)));
  if (labelOf(place)) words.append(make("small", "", labelOf(place)));
  caption.append(dot, words);
  if (DATA.settled) words.append(make("small", "whole", settledInWords(place)));
  tile.append(view, caption);
  return tile;
}

function galleryPlaces() {
  if (state.selection.length) return litPlaces();
  return state.isolated === null ? [] : clusterPlaces(state.isolated);
}

function galleryTitle(count) {
  const items = `${inFigures(count)} ${count === 1 ? "item" : "items"}`;
  if (state.query && !state.selection.length) return `Nothing found for “${state.query}”`;
  if (state.selection.length) return state.isolated === null ? `${items} selected` : `${items} of ${groupName(state.isolated)} selected`;
  return state.isolated === null ? "Nothing selected" : `${groupTitle(state.isolated)}: ${items}`;
}

// A list that shows its first items, and more when it is asked.
function wallOf(list, more) {
  let places = [];
  let shown = 0;
  const extend = (count) => {
    const next = places.slice(shown, shown + count);
    list.append(...next.map(galleryTile));
    shown += next.length;
    more.hidden = shown >= places.length;
    more.textContent = `Show more · ${inFigures(shown)} of ${inFigures(places.length)}`;
  };
  more.addEventListener("click", () => {
    const firstNew = shown;
    extend(MORE);
    list.children[firstNew].tabIndex = -1;
    list.children[firstNew].focus({ preventScroll: true });
  });
  return {
    fill(all) {
      places = all;
      shown = 0;
      list.replaceChildren();
      extend(FIRST);
    },
  };
}

function startGallery() {
  const wall = wallOf(document.getElementById("wall"), document.getElementById("show-more"));
  const title = document.getElementById("gallery-title");
  const hint = document.getElementById("gallery-hint");
  const clear = document.getElementById("clear-selection");
  const fill = () => {
    const places = galleryPlaces();
    title.textContent = galleryTitle(places.length);
    hint.hidden = places.length > 0 || state.selection.length > 0;
    clear.hidden = state.selection.length === 0;
    wall.fill(places);
  };
  clear.addEventListener("click", () => select([]));
  follow(fill);
  onTheme(fill);
}
