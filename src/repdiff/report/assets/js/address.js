// What the reader looks at stands in the address, after the #, so that it can be sent, kept, and gone back to.

const SECTIONS = new Set(Array.from(document.querySelectorAll("[id]"), ({ id }) => id));
const MOST_IN_ADDRESS = 200; // selected items
let reading = false;

function asAddress() {
  const { frame, direction, isolated, selection, query, item } = state;
  const told = new URLSearchParams();
  if (frame) told.set("frame", frame);
  if (direction !== "x_only") told.set("only", "y");
  if (isolated !== null) told.set("group", numberOf(isolated));
  if (query) told.set("search", query);
  else if (selection.length && selection.length <= MOST_IN_ADDRESS) told.set("items", selection.join(" "));
  if (item !== null) told.set("item", ITEMS.ids[item]);
  return String(told);
}

function readAddress() {
  const text = location.hash.slice(1);
  if (SECTIONS.has(decodeURIComponent(text))) return;
  const told = new URLSearchParams(text);
  reading = true;
  const frame = Number(told.get("frame") ?? 0);
  show({ frame: FRAMES[frame] ? frame : 0, direction: told.get("only") === "y" ? "y_only" : "x_only", isolated: null });
  const group = directionNow().clusters.find(({ number }) => String(number) === told.get("group"));
  const query = told.get("search") ?? "";
  const listed = (told.get("items") ?? "").split(" ").filter(Boolean).map(Number);
  const places = query ? placesFor(query) : listed.filter((place) => Number.isInteger(place) && place >= 0 && place < COUNT);
  const item = told.has("item") ? ITEMS.ids.indexOf(told.get("item")) : -1;
  select(places, query);
  show({ isolated: group ? group.index : null, item: item < 0 ? null : item });
  reading = false;
}

function startAddress() {
  readAddress();
  addEventListener("hashchange", readAddress);
  let last = asAddress();
  follow((_, changed) => {
    const now = asAddress();
    if (reading || now === last) {
      last = now;
      return;
    }
    last = now;
    // A step to another item can be gone back on; anything else replaces what was there.
    const address = now ? `#${now}` : location.pathname + location.search;
    history[changed.item ? "pushState" : "replaceState"](null, "", address);
  });
}
