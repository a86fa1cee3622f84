// On the right: the item that is looked at, else the group or the items that are listed.

let inspected = null;
const inspectorPane = document.getElementById("inspector");
const ordinal = (place) => {
  const last = place % 10;
  const teen = Math.floor((place % 100) / 10) === 1;
  return `${inFigures(place)}${teen ? "th" : { 1: "st", 2: "nd", 3: "rd" }[last] ?? "th"}`;
};

function neighbourOf(near, side) {
  const entry = make("li", near.kept ? "kept" : side === "x" ? "lost" : "gained");
  const button = make("button", "near");
  button.type = "button";
  button.dataset.row = near.row;
  const isText = !near.picture && Boolean(near.text);
  button.classList.toggle("of-text", isText);
  const view = make("span", "view");
  if (!isText) view.append(sightOf(near));
  const words = make("span", "words");
  words.append(make("b", "", near.title || (isText ? near.text : near.id)), make("small", "", `${ordinal(near.here)} here, ${ordinal(near.there)} there`));
  button.append(...(isText ? [words] : [view, words]));
  button.title = [nameOf(near), near.label, near.kept ? "a neighbour in both" : `a neighbour in ${frameNow().names[side]} only`].filter(Boolean).join(", ");
  button.addEventListener("click", () => showItem(near.row));
  entry.append(button);
  return entry;
}

function stripsOf(item) {
  const part = make("div", "strips");
  if (!item.neighbours) {
    part.append(make("p", "hint", DATA.neighbours === null ? "This run keeps no neighbours; compare again with this version to see them." : "The neighbours of this item were not looked up: of many items, a run keeps those of a sample."));
    return part;
  }
  for (const side of SIDES) {
    const column = make("div", "strip-of");
    const lists = item.neighbours[side];
    const apart = lists.filter((near) => !near.kept).length;
    column.append(make("h3", "", frameNow().names[side]), make("p", "hint", `${lists.length - apart} kept, ${apart} ${side === "x" ? "lost" : "gained"}`));
    const list = make("ol", "nears");
    list.dataset.side = side;
    list.append(...lists.map((near) => neighbourOf(near, side)));
    column.append(list);
    part.append(column);
  }
  return part;
}

function predictionsOf(item) {
  const list = make("dl", "columns");
  for (const side of SIDES) {
    const says = item.predictions[side];
    const right = item.right[side];
    if (says === null && right === null) continue;
    const verdict = right === null ? "" : right ? "right" : "wrong";
    list.append(make("dt", "", frameNow().names[side]), make("dd", verdict, [says, verdict].filter(Boolean).join(" · ")));
  }
  return list;
}

function memberships(item) {
  const part = make("p", "groups-of");
  for (const direction of ["x_only", "y_only"]) {
    const index = item.clusters[direction];
    const button = make("button", "link");
    button.type = "button";
    button.dataset.member = direction;
    const one = DATA.findings[direction].find((each) => each.index === index);
    button.append(dot(colourOf(frameNow().directions[direction].clusters[index])), one.noChange ? "no change" : noteOf(direction, index).name || one.called || `group ${one.number}`);
    button.addEventListener("click", () => showCluster(direction, index, { k: null }));
    part.append(make("span", "hint", `${holderOf(direction)}: `), button);
  }
  return part;
}

function itemParts(item) {
  const head = make("div", "item-head");
  const view = pictureOf(item);
  const names = make("div");
  names.append(make("h2", "", nameOf(item)), make("p", "hint", item.title ? item.id : ""), make("p", "", item.label));
  head.classList.toggle("of-text", !item.picture && Boolean(item.text));
  head.append(view, names);
  const columns = make("dl", "columns");
  for (const [name, value] of item.columns) if (value) columns.append(make("dt", "", name), make("dd", "", value));
  const more = make("details");
  more.append(make("summary", "", "All columns"), columns);
  const close = make("button", "plain close", "Back to the list");
  close.type = "button";
  close.addEventListener("click", () => show({ item: null }));
  return [close, head, predictionsOf(item), memberships(item), stripsOf(item), more];
}

function clusterParts(direction, index) {
  const one = findingOf(direction, index);
  const title = make("h2", "of-group");
  title.append(dot(colourOfGroup(direction, index)), calledOf(direction, index));
  const about = [`group ${one.number}`, `held together by ${holderOf(direction)}`, itemsInWords(one.size), `mean affinity ${threeFigures(one.meanAffinity)}`];
  const parts = [title, make("p", "hint", about.join(" · "))];
  if (!preview && !one.noChange) parts.push(namingOf(direction, index));
  for (const words of one.words) parts.push(make("p", "fact", `${words}.`));
  return parts;
}

function listParts() {
  const { direction, cluster, named } = state;
  if (!listed) return [make("h2", "", DATA.headline || `${frameNow().names.x} and ${frameNow().names.y}`), make("p", "hint", "Choose a group, search, or draw round items; a click on an item shows its neighbours in both models. Keys: j and k go through the groups, r and n decide, u undoes, / searches, c compares with another group."), ...lacking()];
  const parts = cluster === null ? [make("h2", "", titleNow(listed.rows.length))] : clusterParts(direction, cluster);
  if (named !== null) parts.push(keptOf(named));
  else if (cluster === null && listed.rows.length) parts.push(keepingOf());
  if (listed.rows.length) parts.push(compareChoice());
  if (listed.facts && listed.rows.length) parts.push(...factsOf(listed.facts, { otherThan: cluster === null ? null : direction }));
  return parts;
}

// What this run does not keep, and how to get it.
function lacking() {
  if (!DATA.missing.length) return [];
  const part = make("div", "lacking");
  part.append(make("h3", "", "Not in this run"), ...DATA.missing.map((words) => make("p", "fact", words)));
  part.append(make("p", "hint", "It was written by an earlier version, or asked to keep less. repdiff rerun RUN -o NEW compares again, with the same settings, and keeps all of it."));
  return [part];
}

async function fillInspector() {
  if (state.item === null) {
    inspected = null;
    fillLook();
    if (listed?.rows.length && besideNow()) {
      if (!paired) inspectorPane.replaceChildren(make("p", "hint", "Comparing the two groups …"));
      const answer = await pairNow();
      if (!answer || state.item !== null || !besideNow()) return;
      inspectorPane.replaceChildren(...besideParts(answer));
      redraw();
      return;
    }
    inspectorPane.replaceChildren(...listParts());
    redraw();
    return;
  }
  const { item } = state;
  const found = inspected?.row === item ? inspected : await latest("item", () => ask("item", { row: item }));
  if (!found || state.item !== item) return;
  inspected = found;
  inspectorPane.replaceChildren(...itemParts(found));
  inspectorPane.scrollTop = 0;
  fillLook();
  redraw();
}

function startInspector() {
  follow((_, changed) => changed.item && fillInspector());
  onAnnotations(() => {
    const typing = inspectorPane.contains(document.activeElement) && document.activeElement.matches("input:not([type=checkbox]), textarea");
    if (!typing) fillInspector();
  });
}
