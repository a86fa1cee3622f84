// The alluvial drawing: words under the pointer, a press that shows a cluster alone, arrow keys that walk.

const NO_CHANGE = -1;

function groupInWords(frame, direction, group) {
  if (group === NO_CHANGE) return "no change";
  return `group ${FRAMES[frame].directions[direction].clusters[group].number} (${FRAMES[frame].directions[direction].clusters[group].letter})`;
}

function flowInWords(direction, [step, source, target, count]) {
  const card = make("div");
  card.append(make("b", "", `${inFigures(count)} ${count === 1 ? "item" : "items"}`));
  card.append(make("span", "", `${FRAMES[step].names.y}: ${groupInWords(step, direction, source)}`));
  card.append(make("span", "", `${FRAMES[step + 1].names.y}: ${groupInWords(step + 1, direction, target)}`));
  return card;
}

function nodeInWords(node) {
  const card = make("div");
  const [head, ...rest] = node.getAttribute("aria-label").split(": ");
  card.append(make("b", "", head), make("span", "", rest.join(": ")));
  return card;
}

const groupOf = ({ dataset }) => ({ step: Number(dataset.step), group: Number(dataset.group) });

function trackAt(drawing, { step, group }) {
  return group === NO_CHANGE ? null : FRAMES[step].directions[drawing.dataset.direction].clusters[group].track;
}

// What belongs to one track stands out from the rest.
function light(drawing, track) {
  drawing.classList.toggle("lighted", track !== null);
  for (const node of drawing.querySelectorAll(".node")) node.classList.toggle("lit", trackAt(drawing, groupOf(node)) === track);
  for (const path of drawing.querySelectorAll("[data-flow]")) path.classList.toggle("lit", path.dataset.tracks.split(" ").includes(String(track)));
}

function pressNode(node) {
  const { step, group } = groupOf(node);
  const again = step === state.frame && group === state.isolated;
  show({ frame: step, isolated: group === NO_CHANGE || again ? null : group });
}

// The next box in a column, or the one in the next column that lies at about the same height.
function neighbour(nodes, here, key) {
  const { step } = groupOf(here);
  const middle = (node) => node.getBBox().y + node.getBBox().height / 2;
  const down = { ArrowUp: -1, ArrowDown: 1 }[key];
  if (down) {
    const column = nodes.filter((node) => groupOf(node).step === step);
    return column[column.indexOf(here) + down] ?? here;
  }
  const beside = nodes.filter((node) => groupOf(node).step === step + { ArrowLeft: -1, ArrowRight: 1 }[key]);
  const apart = (node) => Math.abs(middle(node) - middle(here));
  return beside.reduce((best, node) => (apart(node) < apart(best) ? node : best), beside[0] ?? here);
}

// How many times narrower than high a unit is drawn, so that the style can keep the shape of words.
function keepShapes(svg) {
  const { width, height } = svg.viewBox.baseVal;
  if (svg.clientWidth) svg.style.setProperty("--squeeze", (svg.clientHeight / height) / (svg.clientWidth / width));
}

function startDrawing(drawing) {
  const svg = drawing.querySelector("svg");
  new ResizeObserver(() => keepShapes(svg)).observe(svg);
  const nodes = [...drawing.querySelectorAll(".node")];
  nodes[0].setAttribute("tabindex", "0");
  const settle = () => {
    const seen = state.isolated !== null && drawing.dataset.direction === state.direction;
    light(drawing, seen ? (directionNow().clusters[state.isolated].track ?? null) : null);
  };
  const showCard = (card, x, y) => {
    hovercard.replaceChildren(card);
    placeHovercard(x, y);
  };
  drawing.addEventListener("pointerover", ({ target, clientX, clientY }) => {
    const node = target.closest(".node");
    if (node) {
      showCard(nodeInWords(node), clientX, clientY);
      light(drawing, trackAt(drawing, groupOf(node)));
    } else if (target.dataset.flow) {
      showCard(flowInWords(drawing.dataset.direction, target.dataset.flow.split(" ").map(Number)), clientX, clientY);
    }
  });
  drawing.addEventListener("pointerout", () => {
    hideHovercard();
    settle();
  });
  drawing.addEventListener("click", ({ target }) => {
    const node = target.closest(".node");
    const column = target.closest(".column");
    if (node) pressNode(node);
    else if (column) goTo(Number(column.dataset.step));
  });
  drawing.addEventListener("keydown", (event) => {
    const here = event.target.closest(".node");
    if (!here) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      pressNode(here);
    } else if (event.key.startsWith("Arrow")) {
      event.preventDefault();
      const next = neighbour(nodes, here, event.key);
      here.setAttribute("tabindex", "-1");
      next.setAttribute("tabindex", "0");
      next.focus();
    }
  });
  drawing.addEventListener("focusin", ({ target }) => {
    const node = target.closest(".node");
    if (!node || !node.matches(":focus-visible")) return;
    const box = node.getBoundingClientRect();
    showCard(nodeInWords(node), box.right, box.top + box.height / 2);
    light(drawing, trackAt(drawing, groupOf(node)));
  });
  drawing.addEventListener("focusout", () => {
    hideHovercard();
    settle();
  });
  // On a narrow screen the drawing slides along, so that the checkpoint is in its middle.
  const slide = (column) => {
    const { left, width } = column.getBoundingClientRect();
    const room = drawing.getBoundingClientRect();
    if (drawing.scrollWidth > drawing.clientWidth) drawing.scrollLeft += left + width / 2 - room.left - room.width / 2;
  };
  return { direction: drawing.dataset.direction, nodes, settle, slide, columns: [...drawing.querySelectorAll(".column")] };
}

function startAlluvial() {
  const drawings = [...document.querySelectorAll(".alluvial")].map(startDrawing);
  follow(({ frame, direction, isolated }, changed) => {
    if (!changed.frame && !changed.isolated && !changed.direction) return;
    for (const { direction: own, nodes, columns, settle, slide } of drawings) {
      for (const node of nodes) {
        const { step, group } = groupOf(node);
        node.setAttribute("aria-pressed", String(own === direction && step === frame && group === isolated));
      }
      for (const column of columns) column.classList.toggle("now", Number(column.dataset.step) === frame);
      if (changed.frame || changed.direction) slide(columns[frame]);
      settle();
    }
  });
}
