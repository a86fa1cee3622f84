// A picture, looked at in full: from the item's own file where the explorer may read it, else the thumbnail.

const lookDialog = document.getElementById("look");
const larger = new Map(); // row -> what the server has of its picture
const MOST_LARGER = 40;

async function largerOf(row) {
  if (!larger.has(row)) {
    const found = await ask("large", { row }).catch((error) => ({ picture: null, why: error.message }));
    larger.set(row, found);
    if (larger.size > MOST_LARGER) larger.delete(larger.keys().next().value);
  }
  return larger.get(row);
}

// Put the larger picture in the place of a thumbnail when it is there; words say which of the two it is.
async function enlarge(image, words, row, { short }) {
  const found = await largerOf(row);
  if (!image.isConnected) return;
  if (found.picture) {
    image.src = found.picture;
    [image.width, image.height] = [found.width, found.height];
    image.classList.toggle("crisp", Math.max(found.width, found.height) < 32);
    words.textContent = short ? "" : `From the item's own file, ${inFigures(found.width)} × ${inFigures(found.height)} pixels here.`;
  } else {
    words.textContent = short ? "a thumbnail, enlarged" : `A thumbnail, enlarged: ${found.why}.`;
    words.title = found.why;
  }
  image.dataset.from = found.picture ? "file" : "thumbnail";
}

// The picture of an item in the inspector; a click opens it in full.
function pictureOf(item) {
  const part = make("div");
  const view = make(item.picture ? "button" : "div", "large view");
  const sight = sightOf(item);
  view.append(sight);
  const words = make("p", "hint");
  part.append(view, words);
  if (!item.picture) return part;
  view.type = "button";
  view.id = "open-look";
  view.title = "See it larger (Enter)";
  view.addEventListener("click", () => show({ look: true }));
  requestAnimationFrame(() => enlarge(sight, words, item.row, { short: true }));
  return part;
}

function walkList(step) {
  const rows = listed?.rows ?? [];
  if (rows.length < 2) return;
  const at = rows.indexOf(state.item);
  show({ item: rows[at < 0 ? 0 : (at + step + rows.length) % rows.length] });
}

function fillLook() {
  const item = inspected;
  if (!state.look || item === null || item.row !== state.item || !item.picture) {
    if (lookDialog.open) lookDialog.close();
    return;
  }
  const image = sightOf(item);
  image.loading = "eager";
  const words = make("p", "hint");
  words.id = "look-from";
  const rows = listed?.rows ?? [];
  const at = rows.indexOf(item.row);
  document.getElementById("look-title").textContent = [nameOf(item), item.label].filter(Boolean).join(" · ");
  document.getElementById("look-count").textContent = at < 0 ? "" : `${inFigures(at + 1)} of ${inFigures(rows.length)}`;
  for (const button of lookDialog.querySelectorAll("[data-walk]")) button.disabled = rows.length < 2;
  const view = make("div", "view");
  view.append(image);
  lookDialog.querySelector(".body").replaceChildren(view, words);
  if (!lookDialog.open) lookDialog.showModal();
  enlarge(image, words, item.row, { short: false });
}

function startLook() {
  for (const button of lookDialog.querySelectorAll("[data-walk]")) button.addEventListener("click", () => walkList(Number(button.dataset.walk)));
  document.getElementById("look-close").addEventListener("click", () => lookDialog.close());
  lookDialog.addEventListener("click", ({ target }) => target === lookDialog && lookDialog.close());
  lookDialog.addEventListener("close", () => state.item === inspected?.row && show({ look: false }));
  lookDialog.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    event.stopPropagation(); // the keys of the page do nothing behind it
    if (!step) return;
    event.preventDefault();
    walkList(step);
  });
  follow((_, changed) => {
    if (changed.look && !changed.item) fillLook();
  });
}
