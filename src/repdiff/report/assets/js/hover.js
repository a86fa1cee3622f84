// The card that shows an item under the pointer, and the ring round it on both maps.

const hovercard = document.getElementById("hovercard");
const REACH = 14; // pixels

function fillHovercard(place) {
  const cluster = clusterOf(place);
  const words = make("div");
  words.append(make("b", "", nameOfItem(place)));
  if (labelOf(place)) words.append(make("span", "", labelOf(place)));
  const line = make("span", "of");
  const dot = make("i");
  dot.style.background = colourOf(cluster);
  line.append(dot, `group ${cluster.number}${cluster.noChange ? " · no change" : ""}`);
  words.append(line);
  if (DATA.settled) words.append(make("span", "", settledInWords(place)));
  const hasSight = PICTURES.has(place) || (ITEMS.texts && ITEMS.texts[place]);
  hovercard.replaceChildren(...(hasSight ? [sight(place), words] : [words]));
}

function placeHovercard(left, top) {
  hovercard.hidden = false;
  const { width, height } = hovercard.getBoundingClientRect();
  const room = 12;
  const beside = left + room + 4 + width > innerWidth ? left - room - 4 - width : left + room + 4;
  hovercard.style.left = `${Math.max(room, Math.min(beside, innerWidth - width - room))}px`;
  hovercard.style.top = `${Math.max(room, Math.min(top - height / 2, innerHeight - height - room))}px`;
}

function showHovercard(place, left, top) {
  fillHovercard(place);
  placeHovercard(left, top);
  markCursor(place);
}

function hideHovercard() {
  if (hovercard.hidden) return;
  hovercard.hidden = true;
  markCursor(null);
}

// Nearest drawn point to a place on a figure, within reach; coloured points win over quiet ones below them.
function pointNear(side, x, y) {
  const figure = maps.figures[side];
  const perX = figure.inner_width / (figure.x_range.end - figure.x_range.start);
  const perY = figure.inner_height / (figure.y_range.end - figure.y_range.start);
  const { labels, clusters } = directionNow();
  const at = frameNow().coordinates[side];
  let best = null;
  let least = REACH;
  for (const place of DRAWN) {
    const across = (at[2 * place] - x) * perX;
    const up = (at[2 * place + 1] - y) * perY;
    if (across > REACH || across < -REACH || up > REACH || up < -REACH) continue;
    const distance = Math.hypot(across, up) + (stands(clusters[labels[place]]) ? 0 : 4);
    if (distance < least) [best, least] = [place, distance];
  }
  return best;
}

function startHover() {
  for (const [side, figure] of Object.entries(maps.figures)) {
    const canvas = document.getElementById(`map-${side}`);
    let pointer = null;
    canvas.addEventListener("pointermove", (event) => (pointer = event), true);
    canvas.addEventListener("pointerdown", (event) => (pointer = event), true);
    // A finger leaves as it is lifted, just after the tap that asked for the card.
    canvas.addEventListener("pointerleave", (event) => event.pointerType === "touch" || hideHovercard());
    const react = ({ x, y }) => {
      const place = pointNear(side, x, y);
      if (place === null || !pointer) hideHovercard();
      else showHovercard(place, pointer.clientX, pointer.clientY);
    };
    figure.on_event("mousemove", (event) => (pointer && pointer.buttons ? hideHovercard() : react(event)));
    // Of points that lie over each other the nearest is meant.
    figure.on_event("tap", (event) => {
      react(event);
      const place = pointNear(side, event.x, event.y);
      const added = event.modifiers?.shift ? state.selection.filter((one) => one !== place) : [];
      select(place === null ? added : [...added, place]);
    });
  }
  document.addEventListener("pointerover", ({ target, clientX, clientY }) => {
    const tile = target.closest ? target.closest("[data-item]") : null;
    if (tile) showHovercard(Number(tile.dataset.item), clientX, clientY);
  });
  document.addEventListener("pointerout", ({ target }) => {
    if (target.closest && target.closest("[data-item]")) hideHovercard();
  });
  addEventListener("scroll", hideHovercard, { passive: true });
}
