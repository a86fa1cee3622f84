// A click anywhere on a card shows its cluster alone; its button does the same for a keyboard. Cards can be sorted.

const ORDERS = {
  number: (one, other) => one.number - other.number,
  size: (one, other) => other.size - one.size,
  affinity: (one, other) => other.meanAffinity - one.meanAffinity,
  name: (one, other) => (one.called || "\uffff").localeCompare(other.called || "\uffff") || one.number - other.number,
};

function sortCards(order) {
  for (const list of document.querySelectorAll(".cards")) {
    const { frame, direction } = list.closest("[data-direction]").dataset;
    const { clusters } = FRAMES[Number(frame)].directions[direction];
    const cards = [...list.children];
    cards.sort((one, other) => ORDERS[order](clusters[one.dataset.cluster], clusters[other.dataset.cluster]));
    list.append(...cards);
  }
}

function startCards() {
  for (const card of document.querySelectorAll(".card[data-cluster], .quiet-card[data-cluster]")) {
    card.addEventListener("click", (event) => {
      const selecting = String(getSelection()).length > 0;
      if (!event.target.closest("button, [data-item]") && !selecting) toggleIsolated(Number(card.dataset.cluster));
    });
  }
  const order = document.getElementById("sort-cards");
  order?.addEventListener("change", () => sortCards(order.value));
}
