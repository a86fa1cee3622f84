// What the reader looks at. Every part of the page follows it, and changes it only through `show`.

const state = {
  frame: 0, // which comparison
  direction: "x_only",
  isolated: null, // index of the cluster that is seen alone
  selection: [], // places of the selected items, ascending
  query: "", // what was searched for; "" where the selection came about otherwise
  item: null, // place of the item that is looked at closely
};
const followers = [];

function follow(follower) {
  followers.push(follower);
  follower(state, { frame: true, direction: true, isolated: true, selection: true, query: true, item: true });
}

function show(change) {
  const changed = {};
  for (const [key, value] of Object.entries(change)) {
    if (state[key] !== value) changed[key] = true;
    state[key] = value;
  }
  if (Object.keys(changed).length) for (const follower of followers) follower(state, changed);
}

// Selected items, narrowed to the cluster that is seen alone: what the maps light up and the list below them shows.
const litPlaces = () =>
  state.isolated === null ? state.selection : state.selection.filter((place) => directionNow().labels[place] === state.isolated);

const frameNow = () => FRAMES[state.frame];
const directionNow = () => frameNow().directions[state.direction];
const clusterOf = (place) => directionNow().clusters[directionNow().labels[place]];
const clusterPlaces = (index) => allPlaces().filter((place) => directionNow().labels[place] === index);
const toggleIsolated = (index) => show({ isolated: state.isolated === index ? null : index });
