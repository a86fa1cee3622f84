// Pictures, texts and ids of items; each picture is held once and shared by all who show it.

const PICTURES = new Map(
  DATA.pictures.places.map((place, order) => [
    place,
    { order, width: DATA.pictures.widths[order], height: DATA.pictures.heights[order] },
  ]),
);

function fillPicture(image, place) {
  const picture = PICTURES.get(place);
  image.width = picture.width;
  image.height = picture.height;
  image.decoding = "async";
  image.src = `data:image/webp;base64,${DATA.pictures.images[picture.order]}`;
  image.classList.toggle("crisp", Math.max(picture.width, picture.height) < 32);
}

function labelOf(place) {
  return ITEMS.labels ? ITEMS.labels[place] : "";
}

// What there is to see of an item: its picture, else its text, else its id.
function sight(place) {
  if (PICTURES.has(place)) {
    const image = make("img");
    image.alt = [nameOfItem(place), labelOf(place)].filter(Boolean).join(", ");
    fillPicture(image, place);
    return image;
  }
  const text = ITEMS.texts && ITEMS.texts[place];
  return text ? make("span", "words", text) : make("span", "bare", nameOfItem(place));
}

// Collages of a frame are filled when it is first shown: a page may have thousands of tiles.
function fillCollages() {
  follow(({ frame }, changed) => {
    if (!changed.frame) return;
    for (const image of document.querySelectorAll(`[data-frame="${frame}"] img[data-picture]:not([src])`)) {
      fillPicture(image, Number(image.dataset.picture));
    }
  });
}
