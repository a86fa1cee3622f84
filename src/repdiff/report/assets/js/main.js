// In order: what needs no map first, so that the page can be read while the maps are drawn.

async function start() {
  fillCollages();
  startLegend();
  startCards();
  startMatrix();
  startItems();
  startDownloads();
  await startMaps();
  startGallery();
  startTools();
  startHover();
  startKeyboard();
  startSearch();
  startLightbox();
  startAddress();
  document.documentElement.dataset.ready = "";
}

start();
