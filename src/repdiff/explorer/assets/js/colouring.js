// What colour each point has: its group's, or that of a column, or how many neighbours it keeps.

let byColumn = null; // { kind, names, codes, ... } of what the maps are coloured by
let layers = null;
const MISSING = 255;
const paperColour = () => ink("raised");
const swatch = (place) => palette().clusters[place % palette().clusters.length];

// From few to many: one hue, from pale to strong.
function shade(share) {
  const ends = darkness.matches ? [[60, 64, 74], [255, 196, 92]] : [[222, 224, 232], [140, 30, 90]];
  return `#${ends[0].map((low, part) => Math.round(low + (ends[1][part] - low) * share).toString(16).padStart(2, "0")).join("")}`;
}

function colourOfCode(code) {
  if (code === MISSING) return palette().noChange;
  return byColumn.kind === "numbers" ? shade(code / 254) : swatch(code);
}

function codesNow() {
  if (byColumn) return Array.from({ length: COUNT }, (_, place) => byColumn.codes[rowOf(place)]);
  const { labels, clusters } = directionNow();
  return Array.from({ length: COUNT }, (_, place) => (clusters[labels[place]].noChange ? MISSING : labels[place]));
}

// Points by colour, quiet ones first; made again when what they show changes.
function makeLayers() {
  const found = new Map();
  codesNow().forEach((code, place) => {
    const loud = lit ? lit.has(place) : code !== MISSING;
    const key = `${loud ? 1 : 0} ${byColumn?.kind === "numbers" && code !== MISSING ? Math.round(code / 16) * 16 : code}`;
    if (!found.has(key)) found.set(key, []);
    found.get(key).push(place);
  });
  return [...found].sort().map(([key, points]) => {
    const [loud, code] = key.split(" ").map(Number);
    const colour = byColumn ? colourOfCode(Math.min(code, code === MISSING ? 255 : 254)) : code === MISSING ? palette().noChange : colourOf(directionNow().clusters[code]);
    return { points, colour, strength: loud ? (lit ? 1 : 0.85) : lit ? 0.16 : 0.45, larger: Boolean(loud && lit) };
  });
}

let layersFor = null;
function layersNow() {
  const key = [lit, byColumn, preview, state.direction, darkness.matches];
  if (!layersFor || key.some((part, place) => part !== layersFor[place])) [layers, layersFor] = [makeLayers(), key];
  return layers;
}

function fillKey() {
  const key = document.getElementById("colour-key");
  key.replaceChildren();
  if (!byColumn) return;
  if (byColumn.kind === "names") {
    byColumn.names.forEach((name, code) => {
      const entry = make("span", "entry");
      entry.append(dot(swatch(code)), name);
      key.append(entry);
    });
    return;
  }
  const bar = make("i", "ramp");
  bar.style.background = `linear-gradient(90deg, ${shade(0)}, ${shade(1)})`;
  key.append(threeOrLess(byColumn.low), bar, threeOrLess(byColumn.high));
}

const threeOrLess = (value) => String(Number(value.toPrecision(3)));

async function colourBy(by) {
  const choice = document.getElementById("colour-by");
  choice.value = by;
  if (!by) byColumn = null;
  else {
    const found = await latest("colours", () => ask("colours", { by }));
    if (!found) return;
    byColumn = { ...found, codes: unpack(found.codes, Uint8Array) };
  }
  fillKey();
  redraw();
}

function startColouring() {
  const choice = document.getElementById("colour-by");
  for (const [key, words] of DATA.colourBy) choice.append(new Option(words, key));
  choice.addEventListener("change", () => show({ by: choice.value }));
  follow(({ by }, changed) => changed.by && colourBy(by));
  onTheme(fillKey);
}
