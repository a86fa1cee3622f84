// When items settle: a bar for each checkpoint, and the items of the bar that is pressed.

const SETTLED = unpackLabels(DATA.settled);

function settledInWords(place) {
  const step = SETTLED[place];
  if (step === FRAMES.length) return "never settles";
  return step === 0 ? "settled from the start" : `settled from ${FRAMES[step].names.y} on`;
}

function settledTitle(step, count) {
  const items = `${inFigures(count)} ${count === 1 ? "item" : "items"}`;
  if (step === FRAMES.length) return count ? `${items} never ${count === 1 ? "settles" : "settle"}` : "Every item settles";
  return step === 0 ? `${items} settled from the start` : `${items} settled from ${FRAMES[step].names.y} on`;
}

function startSettling() {
  const sticks = [...document.querySelectorAll(".stick")];
  const title = document.getElementById("settled-title");
  const wall = wallOf(document.getElementById("settled-wall"), document.getElementById("settled-more"));
  let chosen = FRAMES.length;
  // On a narrow screen the bars slide; the one that is pressed is the last.
  const row = document.querySelector(".sticks");
  row.scrollLeft = row.scrollWidth;
  const fill = () => {
    const places = allPlaces().filter((place) => SETTLED[place] === chosen);
    title.textContent = settledTitle(chosen, places.length);
    for (const stick of sticks) stick.setAttribute("aria-pressed", String(Number(stick.dataset.settled) === chosen));
    wall.fill(places);
  };
  for (const stick of sticks) {
    stick.addEventListener("click", () => {
      chosen = Number(stick.dataset.settled);
      fill();
    });
  }
  follow((_, changed) => {
    if (changed.frame || changed.direction) fill();
  });
  onTheme(fill);
}
