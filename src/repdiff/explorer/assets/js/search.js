// The search field; what it finds is listed, lit on the maps, and in the address.

function startSearch() {
  const form = document.getElementById("search");
  const field = document.getElementById("query");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const query = field.value.trim();
    showList({ query: query === "" ? null : query, item: null });
  });
  follow(({ query }, changed) => {
    if (changed.query) field.value = query ?? "";
  });
}
