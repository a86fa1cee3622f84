// Asking the server. Whatever it answers is data; nothing of it becomes markup.

const FRAME = DATA.frame;

async function ask(name, parameters = {}, { method = "GET", body } = {}) {
  const query = new URLSearchParams({ frame: FRAME, ...parameters });
  const options = { method, body: body === undefined ? undefined : JSON.stringify(body) };
  let response;
  try {
    response = await fetch(`/api/${name}?${query}`, options);
  } catch {
    throw new Error("the explorer does not answer; is it still running in the terminal?");
  }
  const answer = await response.json().catch(() => ({ error: "the answer cannot be read" }));
  if (response.ok) return answer;
  const error = new Error(answer.error);
  error.status = response.status;
  throw error;
}

// The answer to the latest question of a kind; answers to earlier ones are dropped, and errors are told.
const asked = {};
async function latest(kind, question) {
  const turn = (asked[kind] = (asked[kind] ?? 0) + 1);
  try {
    const answer = await question();
    return asked[kind] === turn ? answer : null;
  } catch (error) {
    if (asked[kind] === turn) tell(error.message);
    return null;
  }
}

let hiding;
function tell(words) {
  const notice = document.getElementById("notice");
  notice.textContent = words;
  notice.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => (notice.hidden = true), 8000);
}
