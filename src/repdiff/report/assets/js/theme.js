// Light or dark, as the system asks, also when it changes its mind.

const darkness = window.matchMedia("(prefers-color-scheme: dark)");
const stillness = window.matchMedia("(prefers-reduced-motion: reduce)");
const palette = () => DATA.palette[darkness.matches ? "dark" : "light"];
const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const colourOf = (cluster) => (cluster.noChange ? palette().noChange : palette().clusters[cluster.colour]);
const onTheme = (listener) => darkness.addEventListener("change", listener);
