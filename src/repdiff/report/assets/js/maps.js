// The two Bokeh figures: colours, what stands out, and the selection that they share.

const maps = { figures: {}, views: {}, items: null, cursor: null, lighting: false };
const layer = (figure, name) => figure.renderers.find((renderer) => renderer.name === name);

async function drawMaps() {
  const { document: drawing, roots } = DATA.maps;
  await Bokeh.embed.embed_items({ maps: drawing }, [{ docid: "maps", roots, root_ids: Object.keys(roots) }]);
  const drawn = Bokeh.documents[Bokeh.documents.length - 1];
  // Colours set before the first layout is done would be drawn at its wrong size, and leave traces.
  if (!drawn.is_idle) await new Promise((resolve) => drawn.idle.connect(resolve));
  for (const figure of drawn.roots()) {
    const side = figure.name === "map-x" ? "x" : "y";
    maps.figures[side] = figure;
    maps.views[side] = Bokeh.index.get(figure);
    // The focus goes to our own element round the figure, which has a name and knows the arrow keys.
    maps.views[side].canvas_view.events_el?.removeAttribute("tabindex");
  }
  maps.items = layer(maps.figures.x, "loud").data_source;
  maps.cursor = layer(maps.figures.x, "cursor").data_source;
  maps.items.selected.properties.indices.change.connect(() => {
    if (maps.lighting) return;
    const places = Array.from(maps.items.selected.indices, (point) => DRAWN[point]).sort((one, other) => one - other);
    show({ selection: places, query: "" });
  });
}

// Which points are coloured: the differing ones, or those of the cluster that is seen alone.
function stands(cluster) {
  return state.isolated === null ? !cluster.noChange : cluster.index === state.isolated;
}

function colourMaps() {
  const { labels, clusters } = directionNow();
  const colours = clusters.map(colourOf);
  const points = { quiet: [], loud: [] };
  DRAWN.forEach((place, point) => points[stands(clusters[labels[place]]) ? "loud" : "quiet"].push(point));
  for (const figure of Object.values(maps.figures)) {
    for (const name of ["quiet", "loud"]) {
      const renderer = layer(figure, name);
      renderer.view.filter.indices = points[name];
      for (const glyph of [renderer.glyph, renderer.selection_glyph, renderer.nonselection_glyph]) paint(glyph, name, colours);
    }
    layer(figure, "quiet").glyph.fill_alpha = { value: state.isolated === null ? 0.5 : 0.22 };
  }
}

function paint(glyph, name, colours) {
  glyph.line_color = { value: ink("ground") };
  if (name === "quiet") {
    glyph.fill_color = { value: palette().noChange };
    return;
  }
  const mapper = glyph.fill_color.transform;
  mapper.setv({ palette: colours, low: -0.5, high: colours.length - 0.5 });
}

function relabelMaps() {
  const { labels } = directionNow();
  const { coordinates } = frameNow();
  const column = (side, axis) => Float32Array.from(DRAWN, (place) => coordinates[side][2 * place + axis]);
  const cluster = Int32Array.from(DRAWN, (place) => labels[place]);
  maps.items.data = { x1: column("x", 0), x2: column("x", 1), y1: column("y", 0), y2: column("y", 1), cluster };
}

// The map of y gets the limits and axes of the frame.
function reframeMaps() {
  const { limits, axes } = frameNow();
  const figure = maps.figures.y;
  [figure.x_range, figure.y_range].forEach((range, axis) => {
    const [start, end] = limits[axis];
    range.setv({ start, end, reset_start: start, reset_end: end });
  });
  figure.below[0].axis_label = axes[0];
  figure.left[0].axis_label = axes[1];
}

function themeMaps() {
  for (const figure of Object.values(maps.figures)) {
    figure.setv({ border_fill_color: ink("raised"), background_fill_color: ink("raised") });
    for (const axis of [...figure.below, ...figure.left]) {
      axis.setv({ axis_label_text_font: ink("sans"), axis_label_text_color: ink("soft"), axis_line_color: ink("line") });
    }
    layer(figure, "cursor").glyph.line_color = { value: ink("ink") };
    for (const name of ["lasso", "box"]) {
      const { overlay } = figure.toolbar.tools.find((tool) => tool.name === name);
      overlay.setv({ fill_color: ink("ink"), fill_alpha: 0.06, line_color: ink("ink"), line_alpha: 0.7, line_width: 1.2 });
    }
  }
  colourMaps();
}

// The maps light up what is selected, as far as they draw it.
function lightMaps() {
  maps.lighting = true;
  maps.items.selected.indices = litPlaces().filter((place) => POINT_OF.has(place)).map((place) => POINT_OF.get(place));
  maps.lighting = false;
}

const select = (places, query = "") => show({ selection: [...places].sort((one, other) => one - other), query });

function markCursor(place) {
  if (!maps.cursor) return; // before the maps are drawn
  const at = (side, axis) => (place === null ? [] : [frameNow().coordinates[side][2 * place + axis]]);
  maps.cursor.data = { x1: at("x", 0), x2: at("x", 1), y1: at("y", 0), y2: at("y", 1) };
}

async function startMaps() {
  await drawMaps();
  follow((_, changed) => {
    if (changed.frame) reframeMaps();
    if (changed.frame || changed.direction) relabelMaps();
    if (changed.frame || changed.direction || changed.isolated) colourMaps();
    lightMaps();
  });
  themeMaps();
  onTheme(themeMaps);
}
