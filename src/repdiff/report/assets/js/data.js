// The page's data, and what is read off it. An item is spoken of by its place in these lists.

const DATA = JSON.parse(document.getElementById("data").textContent);

function unpack(text, Kind) {
  return new Kind(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer);
}

const ITEMS = DATA.items;
const COUNT = ITEMS.ids.length;
// Places of the items on the maps, and the other way round.
const DRAWN = DATA.drawn === null ? Int32Array.from({ length: COUNT }, (_, place) => place) : unpack(DATA.drawn, Int32Array);
const POINT_OF = new Map(Array.from(DRAWN, (place, point) => [place, point]));

// The nearest neighbours of some items: which, and their places on the other side.
function unpackNeighbors({ k, of, x, y, xElsewhere, yElsewhere }) {
  const places = unpackSmall(of);
  return {
    k,
    rowOf: new Map(Array.from(places, (place, row) => [place, row])),
    x: { near: unpackSmall(x), elsewhere: unpackSmall(xElsewhere) },
    y: { near: unpackSmall(y), elsewhere: unpackSmall(yElsewhere) },
  };
}

// Frames: one comparison each. x lies where it lies; its coordinates are those of every frame.
const unpackLabels = ({ bytes, data }) => unpack(data, bytes === 1 ? Uint8Array : Int32Array);
const X_COORDINATES = unpack(DATA.coordinates, Float32Array);
const unpackSmall = ({ bytes, data }) => unpack(data, { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array }[bytes]);
const FRAMES = DATA.frames.map(({ names, directions, coordinates, limits, axes, neighbors }) => ({
  names: { x: names[0], y: names[1] },
  coordinates: { x: X_COORDINATES, y: unpack(coordinates, Float32Array) },
  limits,
  axes,
  neighbors: neighbors && unpackNeighbors(neighbors),
  directions: Object.fromEntries(
    Object.entries(directions).map(([name, { labels, clusters, means }]) => [name, { labels: unpackLabels(labels), clusters, means }]),
  ),
}));

const allPlaces = () => Array.from({ length: COUNT }, (_, place) => place);
const inFigures = (value) => value.toLocaleString("en-GB");
// Never 0 or 100 for what is not quite none or all; the figure and its sign stay on one line.
const inPercent = (share) => (share > 0 && share < 0.005 ? "<\u00a01" : share >= 0.995 && share < 1 ? ">\u00a099" : Math.round(100 * share)) + "\u00a0%";
const threeFigures = (value) => (value >= 1000 || value < 0.001 ? value.toExponential(2) : value.toPrecision(3)); // as on the cards

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

// What a cluster is called: groups are numbered in the order in which they are shown.
const numberOf = (index) => directionNow().clusters[index].number;
const groupName = (index) => `group ${numberOf(index)}`;
// What an item is called: its name where it has one, else its id.
const nameOfItem = (place) => (ITEMS.names && ITEMS.names[place]) || ITEMS.ids[place];
const COLUMNS = ITEMS.columns.held.map(({ name, values, codes, texts }) => {
  const coded = codes && unpackSmall(codes);
  return { name, at: (place) => (texts ? texts[place] : values[coded[place]]) };
});
const groupTitle = (index) => `Group ${numberOf(index)}`;
