// Figure 1: lines over checkpoints, for the direction that is seen; a press goes to a checkpoint.

const growth = { figures: [] };
const GROUPS = ["lowest", "others"];
const MEASURES = {
  mean_affinity: (value) => `mean affinity ${threeFigures(value)}`,
  size: (value) => `${inFigures(Math.round(value))} ${Math.round(value) === 1 ? "item" : "items"}`,
  accuracy_y: (value) => `the checkpoint is right on ${inPercent(value)}`,
  accuracy_x: (value) => `the reference is right on ${inPercent(value)}`,
};
const WHOSE = { lowest: "lowest cluster", others: "average of the others" };
const unknown = (values) => values.map((value) => value ?? NaN);

async function drawGrowth() {
  const { document: drawing, roots } = DATA.growth.document;
  await Bokeh.embed.embed_items({ growth: drawing }, [{ docid: "growth", roots, root_ids: Object.keys(roots) }]);
  const drawn = Bokeh.documents[Bokeh.documents.length - 1];
  if (!drawn.is_idle) await new Promise((resolve) => drawn.idle.connect(resolve));
  growth.figures = drawn.roots();
  for (const figure of growth.figures) Bokeh.index.get(figure).canvas_view.events_el?.removeAttribute("tabindex");
}

function inkOf(group, isNoChange) {
  if (isNoChange) return palette().noChange;
  return ink(group === "lowest" ? "ink" : "focus");
}

function fillLine(figure, group, measure, numbers) {
  const values = unknown(numbers[measure]);
  const inks = numbers.is_no_change.map((isNoChange) => inkOf(group, isNoChange));
  const at = values.map((_, step) => step);
  const renderer = (part) => figure.renderers.find(({ name }) => name === `${group} ${measure} ${part}`);
  const [low, high] = [unknown(numbers[`${measure}_min`]), unknown(numbers[`${measure}_max`])];
  renderer("dots").data_source.data = { at, value: values, low, high, ink: inks };
  renderer("line").data_source.data = {
    at: at.slice(0, -1), value: values.slice(0, -1), next_at: at.slice(1), next_value: values.slice(1), ink: inks.slice(1),
  };
  const band = renderer("band");
  if (band) band.glyph.fill_color = { value: ink("focus") };
}

function fillGrowth() {
  const numbers = DATA.growth.numbers[state.direction];
  for (const figure of growth.figures) {
    figure.setv({ border_fill_color: ink("ground"), background_fill_color: ink("ground") });
    for (const axis of [...figure.below, ...figure.left]) {
      axis.setv({ major_label_text_font: ink("sans"), major_label_text_color: ink("soft"), axis_line_color: ink("line"), major_tick_line_color: ink("line") });
    }
    for (const grid of figure.center.filter(({ type }) => type === "Grid")) grid.grid_line_color = ink("line");
    for (const { name } of figure.renderers.filter(({ name }) => name.endsWith("dots"))) {
      const [group, measure] = name.split(" ");
      if (numbers[group]) fillLine(figure, group, measure, numbers[group]);
    }
    const total = figure.renderers.find(({ name }) => name === "no change");
    if (total) {
      total.data_source.data = { at: FRAMES.map((_, step) => step), value: numbers.lowest.no_change_size };
      total.glyph.line_color = { value: palette().noChange };
    }
    span(figure, "now").line_color = ink("soft");
    span(figure, "pointed").line_color = ink("line");
    const threshold = span(figure, "threshold");
    if (threshold) threshold.line_color = ink("soft");
  }
}

const span = (figure, name) => figure.center.concat(figure.renderers).find((part) => part.name === name);

function growthInWords(figure, step) {
  const card = make("div");
  card.append(make("b", "", FRAMES[step].names.y));
  for (const group of GROUPS) {
    const numbers = DATA.growth.numbers[state.direction][group];
    for (const [measure, inWords] of Object.entries(MEASURES)) {
      const isDrawn = figure.renderers.some(({ name }) => name === `${group} ${measure} dots`);
      const value = isDrawn ? numbers?.[measure][step] : null;
      if (value !== null && value !== undefined) card.append(make("span", "", `${WHOSE[group]}: ${inWords(value)}`));
    }
  }
  const { no_change_size: total } = DATA.growth.numbers[state.direction].lowest;
  if (figure.name === "growth-size") card.append(make("span", "", `no change, in all: ${MEASURES.size(total[step])}`));
  return card;
}

function pointGrowth(step) {
  for (const figure of growth.figures) span(figure, "pointed").setv({ location: step ?? 0, visible: step !== null });
}

function startPointing(figure) {
  const chart = document.getElementById(figure.name);
  let pointer = null;
  const stepAt = (x) => Math.max(0, Math.min(Math.round(x), FRAMES.length - 1));
  chart.addEventListener("pointermove", (event) => (pointer = event), true);
  chart.addEventListener("pointerdown", (event) => (pointer = event), true);
  chart.addEventListener("pointerleave", () => {
    hideHovercard();
    pointGrowth(null);
  });
  figure.on_event("mousemove", ({ x }) => {
    if (!pointer) return;
    const step = stepAt(x);
    pointGrowth(step);
    hovercard.replaceChildren(growthInWords(figure, step));
    placeHovercard(pointer.clientX, pointer.clientY);
  });
  figure.on_event("tap", ({ x }) => goTo(stepAt(x)));
}

async function startGrowth() {
  await drawGrowth();
  for (const figure of growth.figures) startPointing(figure);
  follow(({ frame }, changed) => {
    if (changed.direction) fillGrowth();
    if (changed.frame) for (const figure of growth.figures) span(figure, "now").location = frame;
  });
  onTheme(fillGrowth);
}
