// In order: what needs no drawing first, so that the page can be read meanwhile.

async function start() {
  fillCollages();
  startLegend();
  startCards();
  startMatrix();
  startItems();
  startDownloads();
  startCheckpoints();
  startAlluvial();
  startSettling();
  await startMaps();
  await startGrowth();
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
