// The two maps: the same items, the same colours; what is picked out on one is lit on both.

const SIDES = ["x", "y"];
const charts = {};
let lit = null; // places that stand out, or null for all
let hovered = null; // place under the pointer
let tool = "lasso";
const NEAR = 14; // pixels

// Coordinates as shares of the whole map, (2 n), y downwards.
function sharesOf(coordinates, limits) {
  const [[left, right], [low, high]] = limits;
  return Float32Array.from(coordinates, (value, place) => (place % 2 ? (high - value) / (high - low) : (value - left) / (right - left)));
}

// Items that a layout leaves out lie far outside.
const ABSENT = -1e6;
const isAbsent = (shares, place) => shares[2 * place] < -1e5;

function chartOf(side) {
  const canvas = document.getElementById(`map-${side}`);
  const limits = side === "x" ? DATA.limitsOfX : frameNow().limits;
  const shares = sharesOf(frameNow().coordinates[side], limits);
  return { side, canvas, context: canvas.getContext("2d"), own: shares, shares, at: new Float32Array(2 * COUNT), view: { left: 0, top: 0, zoom: 1 }, drawing: null };
}

function measure(chart) {
  const ratio = Math.min(devicePixelRatio || 1, 2);
  const { width, height } = chart.canvas.getBoundingClientRect();
  chart.ratio = ratio;
  chart.canvas.width = Math.max(1, Math.round(width * ratio));
  chart.canvas.height = Math.max(1, Math.round(height * ratio));
}

function placePoints(chart) {
  const { shares, at, view, canvas } = chart;
  const across = canvas.width * view.zoom;
  const down = canvas.height * view.zoom;
  for (let place = 0; place < at.length; place += 2) {
    at[place] = (shares[place] - view.left) * across;
    at[place + 1] = (shares[place + 1] - view.top) * down;
  }
}

function drawChart(chart) {
  const { canvas, context, at } = chart;
  placePoints(chart);
  if (chart.pixels?.width !== canvas.width || chart.pixels?.height !== canvas.height) chart.pixels = context.createImageData(canvas.width, canvas.height);
  clearPixels(chart.pixels, paperColour());
  const size = Math.max(1.1, Math.min(4.2, 62 / COUNT ** 0.42)) * chart.ratio * Math.min(1.8, chart.view.zoom ** 0.3);
  for (const { points, colour, strength, larger } of layersNow()) layDiscs(chart.pixels, points, at, discOf(size + (larger ? 0.8 : 0)), colour, strength);
  context.putImageData(chart.pixels, 0, 0);
  if (chart.side === "x") drawTrails(chart);
  drawNeighbours(chart);
  for (const [place, radius] of [[placeOf(state.item), 8], [hovered, 6]]) if (place !== null && place !== undefined) ring(chart, place, radius);
  if (chart.drawing) drawLine(chart, chart.drawing);
  else if (state.lasso?.side === chart.side) drawLine(chart, state.lasso.points);
}

function ring(chart, place, radius) {
  const { context, at, ratio } = chart;
  context.beginPath();
  context.arc(at[2 * place], at[2 * place + 1], radius * ratio, 0, 7);
  context.lineWidth = 2 * ratio;
  context.strokeStyle = ink("ink");
  context.stroke();
}

// Lines from the item that is looked at to its neighbours: those of x whole, those of y dashed.
function drawNeighbours(chart) {
  const item = inspected?.row === state.item ? inspected : null;
  const from = item && placeOf(item.row);
  if (!item?.neighbours || from === undefined) return;
  const { context, at, ratio } = chart;
  context.strokeStyle = ink("ink");
  context.lineWidth = ratio;
  context.globalAlpha = 0.65;
  for (const side of SIDES) {
    context.setLineDash(side === "x" ? [] : [3 * ratio, 3 * ratio]);
    context.beginPath();
    for (const near of item.neighbours[side]) {
      const to = placeOf(near.row);
      if (to === undefined || isAbsent(chart.shares, from) || isAbsent(chart.shares, to)) continue;
      context.moveTo(at[2 * from], at[2 * from + 1]);
      context.lineTo(at[2 * to], at[2 * to + 1]);
    }
    context.stroke();
  }
  context.setLineDash([]);
  context.globalAlpha = 1;
}

function drawLine({ context, canvas, view, ratio }, points) {
  context.beginPath();
  for (const [across, down] of points) context.lineTo((across - view.left) * canvas.width * view.zoom, (down - view.top) * canvas.height * view.zoom);
  context.closePath();
  context.globalAlpha = 0.08;
  context.fillStyle = ink("ink");
  context.fill();
  context.globalAlpha = 1;
  context.lineWidth = 1.4 * ratio;
  context.strokeStyle = ink("ink");
  context.stroke();
}

// The left map on its way to the right one, a share of it; drawing on the left map puts it back.
let turned = 0;
function turn(share) {
  turned = share;
  document.getElementById("turn").value = Math.round(100 * share);
  const [from, to] = [charts.x.own, charts.y.own];
  charts.x.shares = share === 0 ? from : from.map((value, place) => value + (to[place] - value) * share);
  hideHover();
  redraw();
}

const MOST_TRAILS = 1500;
function drawTrails({ context, canvas, view, own, at, ratio }) {
  if (!turned || !lit || lit.size > MOST_TRAILS) return;
  context.strokeStyle = ink("ink");
  context.globalAlpha = 0.25;
  context.lineWidth = ratio;
  context.beginPath();
  for (const place of lit) {
    if (isAbsent(own, place)) continue;
    context.moveTo((own[2 * place] - view.left) * canvas.width * view.zoom, (own[2 * place + 1] - view.top) * canvas.height * view.zoom);
    context.lineTo(at[2 * place], at[2 * place + 1]);
  }
  context.stroke();
  context.globalAlpha = 1;
}

let waiting = false;
function redraw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    for (const chart of Object.values(charts)) drawChart(chart);
  });
}

function light(rows) {
  lit = rows === null ? null : new Set(rows.map(placeOf).filter((place) => place !== undefined));
  redraw();
}

// Places inside a line that is given in shares of the map; even-odd rule.
function placesInside({ side, points }) {
  const shares = charts[side].own;
  const found = [];
  for (let place = 0; place < COUNT; place += 1) {
    const across = shares[2 * place];
    const down = shares[2 * place + 1];
    let inside = false;
    for (let one = 0, other = points.length - 1; one < points.length; other = one, one += 1) {
      const [x1, y1] = points[one];
      const [x2, y2] = points[other];
      if (y1 > down !== y2 > down && across < ((x2 - x1) * (down - y1)) / (y2 - y1) + x1) inside = !inside;
    }
    if (inside) found.push(place);
  }
  return found;
}

function nearest(chart, left, top) {
  let best = null;
  let least = NEAR * chart.ratio;
  for (let place = 0; place < COUNT; place += 1) {
    const across = chart.at[2 * place] - left;
    const down = chart.at[2 * place + 1] - top;
    if (Math.abs(across) > least || Math.abs(down) > least) continue;
    const distance = Math.hypot(across, down) + (lit && !lit.has(place) ? 5 : 0);
    if (distance < least) [best, least] = [place, distance];
  }
  return best;
}

function zoomBy({ view }, factor, [across, down]) {
  const zoom = Math.min(60, Math.max(1, view.zoom * factor));
  view.left += across * (1 / view.zoom - 1 / zoom);
  view.top += down * (1 / view.zoom - 1 / zoom);
  view.zoom = zoom;
  redraw();
}

function pointerOf(chart, event) {
  const box = chart.canvas.getBoundingClientRect();
  const part = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  const share = [part[0] / chart.view.zoom + chart.view.left, part[1] / chart.view.zoom + chart.view.top];
  return { part, share, left: part[0] * chart.canvas.width, top: part[1] * chart.canvas.height };
}

function startDrag(chart, event) {
  const { canvas, view } = chart;
  const first = pointerOf(chart, event);
  const before = { ...view };
  let moved = false;
  canvas.setPointerCapture(event.pointerId);
  const move = (next) => {
    const now = pointerOf(chart, next);
    moved ||= Math.hypot(next.clientX - event.clientX, next.clientY - event.clientY) > 3;
    if (!moved) return;
    hideHover();
    if (tool === "pan") {
      view.left = before.left - (now.part[0] - first.part[0]) / view.zoom;
      view.top = before.top - (now.part[1] - first.part[1]) / view.zoom;
    } else {
      if (turned && chart.side === "x") turn(0);
      chart.drawing ??= [first.share];
      chart.drawing.push(now.share);
    }
    redraw();
  };
  const end = (last) => {
    canvas.removeEventListener("pointermove", move);
    canvas.removeEventListener("pointerup", end);
    canvas.removeEventListener("pointercancel", end);
    const points = chart.drawing;
    chart.drawing = null;
    if (!moved && last.type === "pointerup") pick(chart, last);
    else if (points?.length > 2) showList({ lasso: { side: chart.side, points }, item: null });
    redraw();
  };
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
}

function pick(chart, event) {
  const { left, top } = pointerOf(chart, event);
  const place = nearest(chart, left, top);
  if (place !== null) showItem(rowOf(place));
}

const hovercard = document.getElementById("hovercard");
function hideHover() {
  hovercard.hidden = true;
  if (hovered !== null) redraw();
  hovered = null;
}

async function hover(chart, event) {
  const { left, top } = pointerOf(chart, event);
  const place = nearest(chart, left, top);
  if (place === hovered) return;
  if (place === null) return hideHover();
  hovered = place;
  redraw();
  const found = await latest("hover", () => ask("tiles", { rows: rowOf(place) }));
  if (!found || hovered !== place) return;
  const words = make("div");
  words.append(make("b", "", nameOf(found[0])), make("span", "", found[0].label));
  hovercard.replaceChildren(sightOf(found[0]), words);
  hovercard.hidden = false;
  const { width, height } = hovercard.getBoundingClientRect();
  hovercard.style.left = `${Math.max(8, event.clientX + 18 + width > innerWidth ? event.clientX - 18 - width : event.clientX + 18)}px`;
  hovercard.style.top = `${Math.max(8, Math.min(event.clientY - height / 2, innerHeight - height - 8))}px`;
}

function startMaps() {
  for (const side of SIDES) charts[side] = chartOf(side);
  for (const chart of Object.values(charts)) {
    measure(chart);
    new ResizeObserver(() => {
      measure(chart);
      drawChart(chart);
    }).observe(chart.canvas);
    chart.canvas.addEventListener("pointerdown", (event) => event.button === 0 && startDrag(chart, event));
    chart.canvas.addEventListener("pointermove", (event) => event.buttons || hover(chart, event));
    chart.canvas.addEventListener("pointerleave", hideHover);
    chart.canvas.addEventListener("wheel", (event) => {
      if (tool !== "pan" && !event.ctrlKey) return;
      event.preventDefault();
      zoomBy(chart, Math.exp(-event.deltaY / 400), pointerOf(chart, event).part);
    }, { passive: false });
  }
  for (const button of document.querySelectorAll("[data-tool]")) {
    button.addEventListener("click", () => {
      tool = button.dataset.tool;
      for (const other of document.querySelectorAll("[data-tool]")) other.setAttribute("aria-pressed", String(other === button));
    });
  }
  document.getElementById("reset-maps").addEventListener("click", () => {
    for (const chart of Object.values(charts)) chart.view = { left: 0, top: 0, zoom: 1 };
    redraw();
  });
  document.getElementById("turn").addEventListener("input", (event) => turn(Number(event.target.value) / 100));
  onTheme(redraw);
  follow(redraw);
}
