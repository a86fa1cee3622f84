// A click anywhere on a card shows its cluster alone; its button does the same for a keyboard.

function startCards() {
  for (const card of document.querySelectorAll(".card[data-cluster], .quiet-card[data-cluster]")) {
    card.addEventListener("click", (event) => {
      const selecting = String(getSelection()).length > 0;
      if (!event.target.closest("button") && !selecting) toggleIsolated(Number(card.dataset.cluster));
    });
  }
}
