// The page's data, and what is read off it. An item is spoken of by its place in these lists.

const DATA = JSON.parse(document.getElementById("data").textContent);

function unpack(text, Kind) {
  return new Kind(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer);
}

const ITEMS = DATA.items;
const COUNT = ITEMS.ids.length;
const COORDINATES = {
  x: unpack(DATA.coordinates.x, Float32Array),
  y: unpack(DATA.coordinates.y, Float32Array),
};
// Places of the items on the maps, and the other way round.
const DRAWN = DATA.drawn === null ? Int32Array.from({ length: COUNT }, (_, place) => place) : unpack(DATA.drawn, Int32Array);
const POINT_OF = new Map(Array.from(DRAWN, (place, point) => [place, point]));
const DIRECTIONS = Object.fromEntries(
  Object.entries(DATA.directions).map(([name, direction]) => [
    name,
    { labels: unpack(direction.labels, Int32Array), clusters: direction.clusters },
  ]),
);

const clusterOf = (direction, place) => DIRECTIONS[direction].clusters[DIRECTIONS[direction].labels[place]];
const allPlaces = () => Array.from({ length: COUNT }, (_, place) => place);
const clusterPlaces = (direction, index) => allPlaces().filter((place) => DIRECTIONS[direction].labels[place] === index);
const inFigures = (value) => value.toLocaleString("en-GB");
const threeFigures = (value) => (value >= 1000 ? value.toExponential(2) : String(Number(value.toPrecision(3))));

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}
