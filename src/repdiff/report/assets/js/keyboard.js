// Walking over a map with the arrow keys: each press goes to the nearest point in that direction.

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

function nextPoint(side, from, [stepX, stepY]) {
  const figure = maps.figures[side];
  const perX = figure.inner_width / (figure.x_range.end - figure.x_range.start);
  const perY = figure.inner_height / (figure.y_range.end - figure.y_range.start);
  const at = frameNow().coordinates[side];
  let best = from;
  let least = Infinity;
  for (const place of DRAWN) {
    const across = (at[2 * place] - at[2 * from]) * perX;
    const up = (at[2 * place + 1] - at[2 * from + 1]) * perY;
    const along = across * stepX + up * stepY;
    const aside = Math.abs(across * stepY) + Math.abs(up * stepX);
    // Within 45 degrees of the arrow; what lies aside counts double.
    if (along > 0.5 && aside <= along && along + 2 * aside < least) [best, least] = [place, along + 2 * aside];
  }
  return best;
}

function screenPlace(side, place) {
  const figure = maps.figures[side];
  const box = document.getElementById(`map-${side}`).getBoundingClientRect();
  const { left, top } = maps.views[side].frame.bbox;
  const share = (value, range) => (value - range.start) / (range.end - range.start);
  return [
    box.left + left + share(frameNow().coordinates[side][2 * place], figure.x_range) * figure.inner_width,
    box.top + top + (1 - share(frameNow().coordinates[side][2 * place + 1], figure.y_range)) * figure.inner_height,
  ];
}

function startKeyboard() {
  let here = null;
  for (const side of Object.keys(maps.figures)) {
    const canvas = document.getElementById(`map-${side}`);
    canvas.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && here !== null) select([here]);
      else if (event.key === "Escape") {
        select([]);
        hideHovercard();
      } else if (event.key in STEPS) {
        event.preventDefault();
        here = here === null ? DRAWN[0] : nextPoint(side, here, STEPS[event.key]);
        showHovercard(here, ...screenPlace(side, here));
      }
    });
    canvas.addEventListener("blur", hideHovercard);
  }
}
