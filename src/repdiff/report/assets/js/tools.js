// One set of tools for both maps, as buttons that a keyboard reaches.

function activate(name, on) {
  for (const figure of Object.values(maps.figures)) {
    const tool = figure.toolbar.tools.find((candidate) => candidate.name === name);
    if (tool) tool.active = on;
  }
}

function startTools() {
  const drags = ["lasso", "box", "pan"];
  const buttons = Object.fromEntries(
    [...document.querySelectorAll("[data-tool]")].map((button) => [button.dataset.tool, button]),
  );
  const press = (name, on) => {
    buttons[name].setAttribute("aria-pressed", String(on));
    activate(name, on);
  };
  const chooseDrag = (chosen) => {
    for (const name of drags) if (name !== chosen) press(name, false);
    if (chosen) press(chosen, true);
  };
  for (const name of drags) {
    buttons[name].addEventListener("click", () => {
      chooseDrag(buttons[name].getAttribute("aria-pressed") === "true" ? null : name);
    });
  }
  buttons.zoom.addEventListener("click", () => press("zoom", buttons.zoom.getAttribute("aria-pressed") !== "true"));
  document.getElementById("reset-maps").addEventListener("click", () => {
    for (const figure of Object.values(maps.figures)) for (const range of [figure.x_range, figure.y_range]) range.reset();
  });
  // A finger that scrolls the page must not draw; with a mouse the lasso is at hand from the start.
  chooseDrag(window.matchMedia("(pointer: coarse)").matches ? null : "lasso");
}
