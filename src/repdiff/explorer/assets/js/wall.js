// The items that are listed: the members of a group, what was found or drawn round, or a kept selection.

let listed = null; // { title, rows, facts }
const MORE = 240;
const GLANCE = 12; // groups

function questionNow() {
  const { direction, cluster, query, lasso, named } = state;
  const sort = state.sort ?? (query !== null ? "row" : "typical");
  const ofRows = (rows) => () => ask("group", {}, { method: "POST", body: { rows, sort, direction } });
  if (cluster !== null && preview) return ofRows(rowsOfPreview(direction, cluster));
  if (cluster !== null) return () => ask("cluster", { direction, index: cluster, sort });
  if (query !== null) return () => ask("search", { q: query, sort, direction });
  if (state.fresh !== null) return ofRows(rowsOfFresh());
  if (lasso !== null) return ofRows(placesInside(lasso).map(rowOf));
  return named === null ? null : () => ask("selection", { name: named, sort, direction });
}

function titleNow(count) {
  const items = itemsInWords(count);
  if (state.cluster !== null) return `${calledOf(state.direction, state.cluster)}: ${items}`;
  if (state.query !== null) return `${items} for “${state.query}”`;
  if (state.fresh !== null) return `${items} of the sample in a group that is new with these settings`;
  if (state.lasso !== null) return ROWS === null ? `${items} drawn round` : `${items} drawn round, of those on the maps`;
  return `${state.named}: ${items}`;
}

async function fillWall() {
  const question = questionNow();
  if (!question) return emptyWall();
  const found = await latest("list", question);
  if (!found) return;
  listed = found;
  const head = document.getElementById("wall-title");
  head.textContent = titleNow(found.rows.length);
  for (const id of ["sort-of", "copy-ids"]) document.getElementById(id).hidden = found.rows.length === 0;
  document.getElementById("sort").value = state.sort ?? (state.query !== null ? "row" : "typical");
  document.getElementById("wall-hint").hidden = true;
  document.getElementById("glance").replaceChildren();
  document.getElementById("wall").replaceChildren(...found.tiles.map(tileOf));
  offerMore();
  light(rowsOfBoth());
  fillInspector();
}

function emptyWall() {
  latest("list", () => null);
  listed = null;
  document.getElementById("wall-title").textContent = !preview && differing(state.direction).length ? "At a glance" : "Nothing chosen";
  for (const id of ["sort-of", "copy-ids", "more"]) document.getElementById(id).hidden = true;
  document.getElementById("wall-hint").hidden = false;
  document.getElementById("wall").replaceChildren();
  fillGlance();
  light(null);
  fillInspector();
}

// Before anything is chosen: the representatives of the groups.
async function fillGlance() {
  const { direction } = state;
  const groups = preview ? [] : differing(direction).slice(0, GLANCE);
  const rows = groups.flatMap((one) => one.representatives);
  const found = rows.length ? await latest("list", () => ask("tiles", { rows: rows.join(",") })) : [];
  if (!found || listed || state.direction !== direction) return;
  const tiles = new Map(found.map((item) => [item.row, item]));
  document.getElementById("glance").replaceChildren(
    ...groups.map((one) => {
      const part = make("div", "glance-of");
      const head = make("h3");
      const button = make("button", "link");
      button.type = "button";
      button.append(dot(colourOfGroup(direction, one.index)), calledOf(direction, one.index));
      button.addEventListener("click", () => showCluster(direction, one.index));
      head.append(button);
      const list = make("ul", "wall");
      list.append(...one.representatives.map((row) => tileOf(tiles.get(row))));
      part.append(head, list);
      return part;
    }),
  );
}

function offerMore() {
  const more = document.getElementById("more");
  const shown = document.getElementById("wall").children.length;
  more.hidden = !listed || shown >= listed.rows.length;
  more.textContent = listed ? `Show more · ${inFigures(shown)} of ${inFigures(listed.rows.length)}` : "";
}

async function showMore() {
  const wall = document.getElementById("wall");
  const shown = wall.children.length;
  const next = listed.rows.slice(shown, shown + MORE);
  const found = await latest("more", () => ask("tiles", { rows: next.join(",") }));
  if (!found || wall.children.length !== shown) return;
  wall.append(...found.map(tileOf));
  wall.children[shown]?.firstChild.focus({ preventScroll: true });
  offerMore();
}

async function idsListed() {
  const ids = [];
  for (let start = 0; start < listed.rows.length; start += 500) {
    const rows = listed.rows.slice(start, start + 500);
    const here = rows.map((row) => placeOf(row));
    if (here.every((place) => place !== undefined)) ids.push(...here.map((place) => ITEMS.ids[place]));
    else ids.push(...(await ask("tiles", { rows: rows.join(",") })).map((one) => one.id));
  }
  return ids;
}

async function copyIds() {
  try {
    const ids = await idsListed();
    await navigator.clipboard.writeText(ids.join("\n"));
    tell(`${inFigures(ids.length)} ids copied`);
  } catch (error) {
    tell(`the ids could not be copied: ${error.message}`);
  }
}

function startWall() {
  document.getElementById("more").addEventListener("click", showMore);
  document.getElementById("copy-ids").addEventListener("click", copyIds);
  document.getElementById("sort").addEventListener("change", (event) => show({ sort: event.target.value }));
  follow((_, changed) => {
    if (["direction", "cluster", "query", "lasso", "named", "sort", "fresh"].some((key) => changed[key])) fillWall();
  });
}
