// The slider: which checkpoint is seen. A cluster that is seen alone stays so as long as its track goes on.

const PAUSE = 1400; // milliseconds a checkpoint stays while they play

function clusterOfTrack(frame, track) {
  return FRAMES[frame].directions[state.direction].clusters.find((cluster) => cluster.track === track);
}

function goTo(frame) {
  const target = Math.max(0, Math.min(frame, FRAMES.length - 1));
  if (target === state.frame) return;
  const track = state.isolated === null ? undefined : directionNow().clusters[state.isolated].track;
  const goesOn = track === undefined ? undefined : clusterOfTrack(target, track);
  show({ frame: target, isolated: goesOn ? goesOn.index : null });
}

function startPlaying() {
  const button = document.getElementById("play");
  let timer = null;
  const stop = () => {
    clearInterval(timer);
    timer = null;
    button.setAttribute("aria-pressed", "false");
  };
  const next = () => {
    goTo(state.frame + 1);
    if (state.frame === FRAMES.length - 1) stop();
  };
  button.addEventListener("click", () => {
    if (timer !== null) return stop();
    button.setAttribute("aria-pressed", "true");
    if (state.frame === FRAMES.length - 1) goTo(0);
    else next();
    timer = setInterval(next, PAUSE);
  });
  return stop;
}

function startCheckpoints() {
  const slider = document.getElementById("checkpoint");
  const name = document.getElementById("checkpoint-name");
  const steps = [...document.querySelectorAll("[data-go]")];
  const stop = startPlaying();
  slider.addEventListener("input", () => {
    stop();
    goTo(Number(slider.value));
  });
  for (const button of steps) {
    button.addEventListener("click", () => {
      stop();
      goTo(state.frame + Number(button.dataset.go));
    });
  }
  follow(({ frame }, changed) => {
    if (!changed.frame) return;
    const place = `${frame + 1} of ${FRAMES.length}`;
    slider.value = frame;
    slider.setAttribute("aria-valuetext", `${frameNow().names.y}, ${place}`);
    name.replaceChildren(make("b", "name", frameNow().names.y), " ", make("small", "", place));
    for (const button of steps) button.disabled = frame + Number(button.dataset.go) < 0 || frame + Number(button.dataset.go) >= FRAMES.length;
  });
}
