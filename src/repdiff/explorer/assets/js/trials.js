// Other settings, tried on a sample: which of the present groups survive. A preview, which changes nothing in the run.

let trial = null; // the server's answer
const SETTINGS = ["gamma", "beta", "threshold"];
const FATES_IN_TRIAL = [
  ["kept", "kept", "at least half of all its items and its match's are in both"],
  ["changed", "changed", "a fifth to a half of all its items and its match's are in both"],
  ["gone", "gone", "no group matches it any more"],
  ["unclear", "unclear", "on the sample, the run's own settings do no better; only the full comparison can tell"],
  ["few", "too few in the sample", "fewer than five of its items are in the sample"],
];

// "0.2,,2" -> { gamma: "0.2", threshold: "2" }
function settingsOf(text) {
  const values = (text ?? "").split(",");
  return Object.fromEntries(SETTINGS.map((name, place) => [name, (values[place] ?? "").trim()]).filter(([name, value]) => value !== "" && Number(value) !== DATA.settings[name]));
}

function trialAsked() {
  const asked = settingsOf(state.trial);
  return state.k === null ? asked : { ...asked, clusters: String(state.k) };
}

const inWords = (asked) => Object.entries(asked).map(([name, value]) => (name === "clusters" ? `${value} groups` : `${name} ${value} (run: ${DATA.settings[name]})`)).join(", ");
const fieldFor = (name) => document.getElementById(`trial-${name}`);

function chipOf(direction, index, words, act) {
  const chip = make("button", "chip");
  chip.type = "button";
  chip.title = words;
  if (index === null) chip.append(make("i", "dot new"));
  else chip.append(dot(colourOf(frameNow().directions[direction].clusters[index])));
  chip.addEventListener("click", act);
  return chip;
}

function groupsInTrial(direction) {
  const { groups, found } = trial[direction];
  const fresh = trial[direction].new;
  const line = make("p", "fates");
  line.dataset.direction = direction;
  line.append(make("b", "", `only in ${holderOf(direction)}`));
  for (const [state_, words, meaning] of FATES_IN_TRIAL) {
    const those = groups.filter((one) => one.state === state_);
    if (!those.length) continue;
    const part = make("span", "fate-of");
    part.dataset.fate = state_;
    part.title = meaning;
    part.append(`${words} `);
    for (const one of DATA.findings[direction].filter(({ index }) => those.some((other) => other.index === index))) {
      const { jaccard } = those.find(({ index }) => index === one.index);
      const chip = chipOf(direction, one.index, `${noteOf(direction, one.index).name || one.called || "group"}: ${words}, overlap ${inPercent(jaccard)}`, () => showCluster(direction, one.index, { k: null }));
      chip.append(String(one.number));
      part.append(chip);
    }
    line.append(part);
  }
  if (!groups.length && !fresh.length) line.append(make("span", "fate-of", "no groups, neither before nor now"));
  if (fresh.length) {
    const part = make("span", "fate-of");
    part.dataset.fate = "new";
    part.append(`new `);
    fresh.forEach((index, place) => {
      const chip = chipOf(direction, null, `A group that none of the run's matches: ${itemsInWords(found[index].rows.length)} of the sample`, () => showList({ direction, fresh: index, item: null, k: null }));
      chip.append(String.fromCharCode(97 + (place % 26)));
      chip.dataset.fresh = index;
      part.append(chip);
    });
    line.append(part);
  }
  return line;
}

const rowsOfFresh = () => (trial?.[state.direction].found[state.fresh]?.rows ?? []);

function fillTrial() {
  const strip = document.getElementById("trial");
  strip.hidden = trial === null;
  if (trial === null) return;
  const title = make("p", "trial-title");
  title.append(make("b", "", trial.n < trial.of ? `Preview, on ${inFigures(trial.n)} of ${inFigures(trial.of)} items` : `Preview, on all ${inFigures(trial.of)} items`), `: ${inWords(trial.asked)}. Which of the run's groups would be there still:`);
  const legend = make("p", "hint", "Kept: at least half of the items in common; changed: a fifth to a half; unclear: the sample does no better with the run's own settings. Nothing is tested, and the run stays as it is.");
  document.getElementById("trial-body").replaceChildren(title, groupsInTrial("x_only"), groupsInTrial("y_only"), legend);
}

async function tryOut() {
  const asked = trialAsked();
  for (const name of SETTINGS) fieldFor(name).value = asked[name] ?? "";
  const wanted = Object.keys(asked).some((name) => name !== "clusters");
  document.getElementById("trial-state").textContent = wanted ? "Trying …" : "";
  const found = wanted ? await latest("trial", () => ask("trial", asked)) : latest("trial", () => null) && null;
  if (wanted) document.getElementById("trial-state").textContent = "";
  if (wanted && JSON.stringify(asked) !== JSON.stringify(trialAsked())) return;
  trial = found && { ...found, asked };
  fillTrial();
  if (state.fresh !== null) fillWall();
}

function startTrials() {
  for (const name of SETTINGS) fieldFor(name).placeholder = DATA.settings[name];
  document.getElementById("trial-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = SETTINGS.map((name) => fieldFor(name).value.trim().replace(",", ".")).join(",");
    if (!Object.keys(settingsOf(text)).length) return tell("Change a setting first; the run's own are shown in grey.");
    if (text === state.trial) return tryOut();
    show({ trial: text, fresh: null });
  });
  document.getElementById("trial-close").addEventListener("click", () => (state.fresh === null ? show({ trial: null }) : showList({ trial: null })));
  document.getElementById("trial-run").addEventListener("click", () => runIt(trialAsked()));
  follow((_, changed) => (changed.trial || (changed.k && state.trial !== null)) && tryOut());
  onTheme(fillTrial);
}
