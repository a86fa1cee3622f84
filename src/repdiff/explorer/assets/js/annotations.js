// What people say of groups, kept in the run. Each change is of one field, so that windows do not undo each other's words.

let annotations = DATA.annotations;
const undone = []; // changes that can be undone, the latest last
const hearers = [];
const onAnnotations = (hearer) => hearers.push(hearer);
let writing = Promise.resolve();

const EMPTY = { name: "", tags: [], note: "", decision: null, set_aside: false, merged_into: null };
const noteOf = (direction, index, within = annotations) =>
  within.clusters.find((note) => note.direction === direction && note.index === index) ?? { direction, index, ...EMPTY };
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

function withChange(within, { direction, index, field, selections }, value) {
  if (selections) return { ...within, selections: value };
  const note = { ...noteOf(direction, index, within), [field]: value };
  const others = within.clusters.filter((one) => one.direction !== direction || one.index !== index);
  const empty = Object.keys(EMPTY).every((key) => same(note[key], EMPTY[key]));
  return { ...within, clusters: empty ? others : [...others, note] };
}

const valueOf = (within, { direction, index, field, selections }) => (selections ? within.selections : noteOf(direction, index, within)[field]);

function hear(found) {
  annotations = found;
  document.getElementById("undo").disabled = undone.length === 0;
  for (const hearer of hearers) hearer();
}

async function write(edit, before, after) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      hear(await ask("annotations", {}, { method: "PUT", body: withChange(annotations, edit, after) }));
      return true;
    } catch (error) {
      if (error.status !== 409 || attempt > 4) {
        tell(error.message);
        hear(annotations);
        return false;
      }
      hear(await ask("annotations"));
      if (same(valueOf(annotations, edit), before)) continue; // somebody else changed something else
      tell("This was changed in another window in the meantime. What it says there is loaded; yours was not written.");
      return false;
    }
  }
}

// One change after the other; resolves when it is written.
function change(edit, after, { undoable = true } = {}) {
  writing = writing.then(async () => {
    const before = valueOf(annotations, edit);
    if (same(before, after)) return;
    if ((await write(edit, before, after)) && undoable) {
      undone.push({ edit, before, after });
      hear(annotations);
    }
  });
  return writing;
}

function undo() {
  writing = writing.then(async () => {
    const last = undone.pop();
    if (last) await write(last.edit, last.after, last.before);
    hear(annotations);
  });
  return writing;
}

function startAnnotations() {
  document.getElementById("undo").addEventListener("click", undo);
  addEventListener("focus", async () => {
    const found = await latest("annotations", () => ask("annotations"));
    if (found && found.version !== annotations.version) hear(found);
  });
}
