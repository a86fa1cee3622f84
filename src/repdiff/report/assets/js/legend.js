// Direction switch, legend, and every other button that shows a cluster alone.

// What says of which frame or direction it is shows with that one only.
function belongs({ dataset }) {
  const ofFrame = dataset.frame === undefined || Number(dataset.frame) === state.frame;
  return ofFrame && (dataset.direction === undefined || dataset.direction === state.direction);
}

function followDirection() {
  for (const radio of document.querySelectorAll("input[name=direction]")) {
    radio.checked = radio.value === state.direction;
    radio.addEventListener("change", () => show({ direction: radio.value, isolated: null }));
  }
  follow(({ direction }, changed) => {
    if (!changed.direction && !changed.frame) return;
    for (const part of document.querySelectorAll("[data-direction], [data-frame]")) part.hidden = !belongs(part);
    if (!directionNow().clusters.some((cluster) => !cluster.noChange)) {
      for (const role of document.querySelectorAll("[data-role]")) role.textContent = "";
      return;
    }
    const [holder, other] = direction === "x_only" ? ["x", "y"] : ["y", "x"];
    document.querySelector(`[data-role=${holder}]`).textContent = "closer together here";
    document.querySelector(`[data-role=${other}]`).textContent = "farther apart here";
  });
}

function followIsolated() {
  const buttons = [...document.querySelectorAll("button[data-cluster]")];
  for (const button of buttons) button.addEventListener("click", () => toggleIsolated(Number(button.dataset.cluster)));
  const showAll = document.getElementById("show-all");
  showAll.addEventListener("click", () => show({ isolated: null }));
  follow(({ isolated }) => {
    document.body.classList.toggle("isolating", isolated !== null);
    for (const button of buttons) button.setAttribute("aria-pressed", String(Number(button.dataset.cluster) === isolated));
    for (const card of document.querySelectorAll("article[data-cluster], .quiet-card[data-cluster]")) {
      card.classList.toggle("alone", Number(card.dataset.cluster) === isolated);
    }
    showAll.hidden = isolated === null;
    if (isolated === null) return;
    showAll.textContent = `${groupTitle(isolated)} alone ✕`;
    showAll.setAttribute("aria-label", `${groupTitle(isolated)} is shown alone; show all`);
  });
}

function startLegend() {
  followDirection();
  followIsolated();
}
