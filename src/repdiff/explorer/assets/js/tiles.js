// An item in a list: its picture, else its text, else its id. A click looks at it closely.

const pictureAddress = (row) => `/picture?frame=${FRAME}&row=${row}`;
const nameOf = (item) => item.title || item.id;
const itemsInWords = (count) => `${inFigures(count)} ${count === 1 ? "item" : "items"}`;

function sightOf(item) {
  if (item.picture) {
    const image = make("img");
    [image.width, image.height] = item.picture;
    image.loading = "lazy";
    image.decoding = "async";
    image.alt = [nameOf(item), item.label].filter(Boolean).join(", ");
    image.src = pictureAddress(item.row);
    image.classList.toggle("crisp", Math.max(...item.picture) < 32);
    return image;
  }
  return item.text ? make("span", "words", item.text) : make("span", "bare", nameOf(item));
}

function tileOf(item) {
  const entry = make("li", "item");
  const button = make("button", "tile-button");
  button.type = "button";
  button.dataset.row = item.row;
  const view = make("span", "view");
  view.append(sightOf(item));
  const caption = make("span", "caption");
  const words = make("span");
  words.append(make("b", "", nameOf(item)));
  if (item.label) words.append(make("small", "", item.label));
  caption.append(words);
  button.append(view, caption);
  button.addEventListener("click", () => showItem(item.row));
  entry.append(button);
  return entry;
}

function dot(colour) {
  const mark = make("i", "dot");
  mark.style.background = colour;
  return mark;
}
