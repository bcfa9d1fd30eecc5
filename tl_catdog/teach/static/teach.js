// The page of `tl-catdog teach`: what the folder holds, what to do next, how good it is.
// The server's state is the truth: every change is sent, and what then is so is asked for anew.

import { say } from "./announce.js";
import { ask, takeToken, token, trouble } from "./api.js";
import { at, bdi, button, make } from "./dom.js";
import { askForTokens } from "./token.js";

const TAB = crypto.randomUUID ? crypto.randomUUID() : String(Math.random()).slice(2);
let state = null;
let answering = 0; // answers that are under way
let current = null; // what is asked: a suggestion of the server's

const send = (path, fields = {}) => ask(`teach/${path}`, {
  method: "POST", body: JSON.stringify({ ...fields, tab: TAB }),
});

// An address for an <img>: where there is a token, only a request of ours may have it.
async function source(path) {
  if (!token()) return path;
  const answer = await fetch(path, { headers: { Authorization: `Bearer ${token()}` } });
  return answer.ok ? URL.createObjectURL(await answer.blob()) : "";
}

async function attempt(work) {
  at("trouble").textContent = "";
  try {
    const done = await work();
    if (done?.words) say(done.words);
  } catch (error) {
    at("trouble").textContent = trouble(error);
  }
  await refresh();
}

const percent = (part) => `${(100 * part).toFixed(1)} %`;

function showClasses() {
  at("folder").textContent = `Teach ${state.folder}`;
  at("learning").textContent = state.failure ?? state.learning.words;
  at("unlabelled").textContent = `${state.unlabelled.toLocaleString("en")} without a class`;
  at("classes").replaceChildren();
  at("choices").replaceChildren();
  state.classes.forEach(({ name, count }, place) => {
    const row = make(at("classes"), "li");
    bdi(row, name);
    make(row, "span", { text: count.toLocaleString("en"), name: "soft" });
    const key = place < 9 ? `${place + 1} ` : "";
    button(at("choices"), `${key}${name}`, "choice", () => label(name));
  });
}

function showAccuracy() {
  const found = state.learned?.accuracy;
  at("accuracy").textContent = found
    ? `${percent(found.value)} on new pictures (${percent(found.ci[0])} to ${percent(found.ci[1])})` : "";
  at("words").replaceChildren();
  for (const text of state.learned?.words ?? []) make(at("words"), "li", { text });
}

// What is asked stays until it is answered, whatever is learned meanwhile: a key mustn't meet
// another picture than the one that was looked at.
async function stillAsked() {
  const before = current;
  if (!before?.picture) return false;
  const { id, mark, skipped } = before.picture;
  const now = await ask(`teach/pictures/${id}`).catch(() => null);
  if (current !== before || now?.mark !== mark || now.skipped !== skipped) return false;
  current = { ...before, guesses: now.guesses, picture: now };
  return true;
}

async function showNext() {
  if (!await stillAsked()) {
    if (answering) return; // what follows is asked for once the answer is there
    const found = await ask("teach/next");
    if (answering) return;
    [current] = found.next.length ? found.next : [null];
  }
  at("reason").textContent = current?.reason ?? "Nothing to do: add pictures.";
  const [guess] = current?.guesses ?? [];
  at("guess").textContent = guess ? `It seems to be ${guess[0]}, ${percent(guess[1])}` : "";
  const picture = at("picture");
  picture.hidden = !current?.picture;
  if (current?.picture && current.id !== picture.dataset.id) {
    const old = picture.src;
    const { id, picture: { name } } = current;
    picture.src = await source(`teach/thumb/${id}?size=448`);
    await picture.decode().catch(() => {}); // what can't be shown can be labelled all the same
    picture.alt = name;
    picture.dataset.id = id;
    if (old.startsWith("blob:")) URL.revokeObjectURL(old);
  }
}

let refreshing = null;
function refresh() {
  refreshing = (refreshing ?? Promise.resolve()).then(async () => {
    state = await ask("teach/state");
    showClasses();
    showAccuracy();
    await showNext();
  }).catch((error) => { at("trouble").textContent = trouble(error); });
  return refreshing;
}

function answer(path, fields) {
  current = null; // no second key for the same picture
  answering += 1;
  attempt(() => send(path, fields).finally(() => { answering -= 1; }));
}

// Only what is shown can be answered.
const seen = () => (at("picture").dataset.id === current?.id ? current?.picture : null);

function label(name) {
  const picture = seen();
  if (!picture) return;
  answer("label", { ids: [picture.id], label: name, seen: { [picture.id]: picture.mark } });
}
function skip() {
  const picture = seen();
  if (!picture) return;
  answer("skip", { ids: [picture.id] });
}
const undo = () => attempt(() => send("undo"));
const redo = () => attempt(() => send("redo"));

async function upload(files) {
  const form = new FormData();
  for (const file of files) form.append("files", file, file.webkitRelativePath || file.name);
  await attempt(async () => {
    const done = await ask(`teach/pictures?tab=${TAB}&folders=1`, { method: "POST", body: form });
    const [first] = done.refused;
    if (first) at("trouble").textContent = `Not taken: ${first.join(": ")}${done.refused.length > 1 ? ` and ${done.refused.length - 1} more` : ""}`;
    return done;
  });
}

at("new-class").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = at("class-name").value;
  at("class-name").value = "";
  attempt(() => send("classes", { name }));
});
at("files").addEventListener("change", async () => {
  await upload(at("files").files);
  at("files").value = "";
});
at("skip").addEventListener("click", skip);
at("undo").addEventListener("click", undo);
at("redo").addEventListener("click", redo);
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  if (event.dataTransfer.files.length) upload(event.dataTransfer.files);
});
addEventListener("keydown", (event) => {
  if (event.target.closest("input, textarea, select") || event.altKey) return;
  const key = event.key.toLowerCase();
  if ((event.ctrlKey || event.metaKey) && key !== "z") return;
  const chosen = /^[1-9]$/.test(key) ? state?.classes[Number(key) - 1] : null;
  if (chosen) label(chosen.name);
  else if (key === " " && !event.target.closest("button")) skip();
  else if (key === "u" || key === "z") undo();
  else if (key === "r") redo();
  else return;
  event.preventDefault();
});

async function follow() {
  for (;;) {
    try {
      const { news } = await ask(`teach/changes?since=${state?.news ?? 0}`);
      if (news !== state?.news) await refresh();
    } catch (error) {
      at("trouble").textContent = trouble(error);
      await new Promise((go) => { setTimeout(go, 2000); });
    }
  }
}

takeToken();
askForTokens();
refresh().then(follow);
