// The full comparison with other settings: another program does it, and writes another run beside this one.

const BETWEEN_LOOKS = 500; // milliseconds between two looks
let looking = null;

// How far it is, in the bar and words that are there: a button that is replaced loses the click on it.
function tellProgress(bar, words, { progress }) {
  if (progress?.total) [bar.max, bar.value] = [progress.total, progress.done];
  words.textContent = progress ? `${progress.stage}${progress.total > 1 ? `, ${inFigures(progress.done)} of ${inFigures(progress.total)}` : ""}` : "starting";
}

function fillRerun(found) {
  const part = document.getElementById("rerun");
  part.hidden = found.state === "idle";
  if (found.state === "idle") return;
  const [running, told] = [part.querySelector("progress"), part.querySelector(".hint")];
  if (found.state === "running" && running && part.dataset.output === found.output) return tellProgress(running, told, found);
  part.dataset.output = found.output ?? "";
  const body = [];
  const close = make("button", "plain", "Close");
  close.type = "button";
  close.id = "rerun-close";
  close.addEventListener("click", () => (part.hidden = true));
  if (found.state === "running") {
    const cancel = make("button", "plain", "Cancel");
    cancel.type = "button";
    cancel.id = "rerun-cancel";
    cancel.addEventListener("click", cancelRerun);
    const [bar, words] = [make("progress"), make("span", "hint")];
    tellProgress(bar, words, found);
    body.push(make("b", "", `Comparing again: ${found.title}`), bar, words, cancel);
  } else if (found.state === "done") {
    const link = make("a", "", "Open the new run");
    link.id = "rerun-open";
    link.href = `/?frame=${found.frame}`;
    body.push(make("b", "", `Done: ${found.title}`), link, make("span", "hint", `It is in the folder ${found.output}, beside this run.`), close);
  } else if (found.state === "cancelled") body.push(make("span", "", "Cancelled; nothing was written."), close);
  else body.push(make("b", "", "The comparison ended:"), make("span", "", found.error), close);
  part.replaceChildren(...body);
}

async function lookAtRerun() {
  clearTimeout(looking);
  const found = await ask("rerun").catch((error) => ({ state: "failed", error: error.message }));
  fillRerun(found);
  if (found.state === "running") looking = setTimeout(lookAtRerun, BETWEEN_LOOKS);
}

async function runIt(settings) {
  try {
    fillRerun(await ask("start", {}, { method: "POST", body: settings }));
  } catch (error) {
    tell(error.message);
    return;
  }
  lookAtRerun();
}

async function cancelRerun() {
  await ask("cancel", {}, { method: "POST", body: {} }).catch((error) => tell(error.message));
  lookAtRerun();
}

function startRerun() {
  document.getElementById("k-run").addEventListener("click", () => runIt(trialAsked()));
  lookAtRerun();
}
