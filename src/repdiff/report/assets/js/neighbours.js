// The neighbours of an item in both representations: which are kept, which are lost, which are gained.

const ordinal = (value) => {
  const tens = value % 100;
  const ending = tens > 10 && tens < 14 ? "th" : ({ 1: "st", 2: "nd", 3: "rd" }[value % 10] ?? "th");
  return `${inFigures(value)}${ending}`;
};

// The ten nearest on one side; null where the page does not carry them.
function neighboursOf(place, side) {
  const { neighbors } = frameNow();
  const row = neighbors?.rowOf.get(place);
  if (row === undefined) return null;
  const { near, elsewhere } = neighbors[side];
  return Array.from({ length: neighbors.k }, (_, order) => {
    const other = elsewhere[row * neighbors.k + order];
    return { place: near[row * neighbors.k + order], here: order + 1, there: other, kept: other <= neighbors.k };
  });
}

function neighbourTile({ place, here, there, kept }, side) {
  const other = frameNow().names[side === "x" ? "y" : "x"];
  const fate = kept ? "kept" : side === "x" ? "lost" : "gained";
  const tile = make("li", `neighbour ${fate}`);
  const onPage = place < COUNT;
  const button = make("button", "look");
  button.type = "button";
  button.disabled = !onPage;
  const view = make("span", "view");
  view.append(onPage ? sight(place) : make("span", "bare", "not on this page"));
  const told = make("span", "told");
  told.append(make("b", "", fate), make("span", "", `${ordinal(here)} here, ${ordinal(there)} there`));
  button.title = `${onPage ? nameOfItem(place) : "An item that this page does not carry"}: ${ordinal(there)} nearest in ${other}`;
  button.append(view, make("span", "called", onPage ? nameOfItem(place) : ""), told);
  button.addEventListener("click", () => show({ item: place }));
  tile.append(button);
  return tile;
}

function neighbourStrip(place, side) {
  const part = make("section", "strip-of");
  const head = make("h3");
  const found = neighboursOf(place, side);
  head.append("Nearest in ", make("b", "name", frameNow().names[side]));
  part.append(head);
  if (!found) {
    const why = frameNow().neighbors ? "This page carries the neighbours of a sample of the items, this one not among them." : "This run keeps no neighbours: it was written by an earlier version, or asked not to. repdiff rerun compares again and keeps them.";
    part.append(make("p", "hint", why));
    return part;
  }
  const kept = found.filter((one) => one.kept).length;
  const verb = side === "x" ? "lost" : "gained";
  head.append(make("small", "", ` ${kept} kept, ${found.length - kept} ${verb}`));
  const list = make("ol", "neighbours");
  list.append(...found.map((one) => neighbourTile(one, side)));
  part.append(list);
  return part;
}
