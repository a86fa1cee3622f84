// What the reader looks at. Every part of the page follows it, and changes it only through `show`.

const START = {
  direction: "x_only",
  cluster: null, // index of the group whose members are listed
  query: null, // what is searched for
  lasso: null, // a line round items: { side, points }, in shares of the map
  named: null, // name of a selection that was kept
  item: null, // row of the item in the inspector
  sort: null, // order of the list; null for the usual one
  map: "", // how the maps are laid out; "" for principal components
  by: "", // what the maps are coloured by; "" for groups
  k: null, // number of groups of a preview
  beside: null, // a second group, to compare the listed items with: "x_only:3"
  trial: null, // other settings that are tried: "gamma,beta,threshold"
  fresh: null, // a group that is there with other settings only
  look: false, // whether the picture of the item is seen in full
};
const state = { ...START };
const followers = [];

// Rows of the run are what the server speaks of; places are those that this page draws.
const ROWS = DATA.rows === null ? null : unpack(DATA.rows, Int32Array);
const rowOf = (place) => (ROWS === null ? place : ROWS[place]);
const PLACES = ROWS === null ? null : new Map(Array.from(ROWS, (row, place) => [row, place]));
const placeOf = (row) => (PLACES === null ? row : PLACES.get(row));

function follow(follower) {
  followers.push(follower);
}

function followAll(changed) {
  for (const follower of followers) follower(state, changed);
}

function show(change) {
  const changed = {};
  for (const [key, value] of Object.entries(change)) {
    if (state[key] !== value) changed[key] = true;
    state[key] = value;
  }
  if (!Object.keys(changed).length) return;
  keepInAddress();
  followAll(changed);
}

// Lists exclude each other: what one shows replaces what another did.
const showList = (change) => show({ cluster: null, query: null, lasso: null, named: null, sort: null, beside: null, fresh: null, look: false, ...change });
const showCluster = (direction, cluster, more = {}) => showList({ direction, cluster, item: null, ...more });
const showItem = (row) => show({ item: row, look: false });

let preview = null; // both directions cut into another number of groups
const frameNow = () => FRAMES[0];
const directionOf = (name) => (preview ?? frameNow().directions)[name];
const directionNow = () => directionOf(state.direction);
const holderOf = (direction) => frameNow().names[direction === "x_only" ? "x" : "y"];
const otherOf = (direction) => frameNow().names[direction === "x_only" ? "y" : "x"];
