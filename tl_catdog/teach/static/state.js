// What the page knows of the folder. The server's state is the truth: what somebody says is sent, one
// thing after the other, and what is so then is asked for anew. A server that is gone is waited for.

import { say } from "./announce.js";
import { Refused, ask, token, trouble } from "./api.js";
import { at } from "./dom.js";
import { count, named, plural } from "./wording.js";

const KEY = "tl-catdog-tab";
const SLOW = 400; // ms after which somebody is told that it takes a while
let state = null;
let waiting = 0; // things that were said and aren't answered yet
let gone = null; // settled once the server answers again
const listeners = new Set();

export const pause = (ms) => new Promise((go) => { setTimeout(go, ms); });

// The name of this tab, whose changes `undo` takes back; a page that is loaded again keeps its own.
function nameOfTab() {
  const made = [...crypto.getRandomValues(new Uint8Array(12))].map((n) => n.toString(16).padStart(2, "0")).join("");
  const again = performance.getEntriesByType("navigation")[0]?.type === "reload";
  try {
    const name = (again && sessionStorage.getItem(KEY)) || made;
    sessionStorage.setItem(KEY, name);
    return name;
  } catch { return made; }
}
export const TAB = nameOfTab();

// Each thing that is said has a number, by which the server knows it again: so all may be sent twice.
let number = 0;
try { number = Number(sessionStorage.getItem(`${KEY} ${TAB}`)) || 0; } catch { /* a new name begins at 1 */ }
function nextNumber() {
  number += 1;
  try { sessionStorage.setItem(`${KEY} ${TAB}`, number); } catch { /* as above */ }
  return number;
}

// Calls back with each state that is known, the last one at once.
export function onState(told) {
  listeners.add(told);
  if (state) told(state);
}

function lost() {
  gone ??= (async () => {
    at("gone").hidden = false;
    for (;;) {
      at("gone-words").textContent = waiting
        ? `The server doesn't answer. ${plural(waiting, "thing")} you said will be sent once it does: leave this page open.`
        : "The server doesn't answer. This page goes on once it does.";
      await pause(1000);
      try { await ask("healthz"); break; } catch (error) { if (error instanceof Refused) break; }
    }
    at("gone").hidden = true;
    gone = null;
    say("The server answers again.");
  })();
  return gone;
}

let chain = Promise.resolve();
const EACH = /^(undo|redo)$/; // what is meant as often as it is said
const unanswered = new Map(); // what was said → its answer to come

// Sends one thing after those before it; returns the answer. The same said again before that, as by a
// second click, was meant once. Throws what `ask` throws.
export function send(path, fields = {}) {
  const what = JSON.stringify([path, fields]), same = !EACH.test(path) && unanswered.get(what);
  if (same) return same;
  waiting += 1;
  const sent = chain.then(() => deliver(path, fields)).finally(() => {
    waiting -= 1;
    unanswered.delete(what);
  });
  unanswered.set(what, sent);
  chain = sent.catch(() => {});
  return sent;
}

async function deliver(path, fields) {
  const body = JSON.stringify({ ...fields, tab: TAB, request: nextNumber() });
  for (;;) {
    try {
      return await ask(`teach/${path}`, { method: "POST", body });
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      await lost();
    }
  }
}

// What others did to pictures meanwhile, in a sentence.
function conflict(now) {
  const told = Object.values(now).slice(0, 3).map((picture) => (picture
    ? `${picture.name} is ${picture.label === null ? "without a class" : `in ${picture.label}`} now`
    : "one is gone"));
  return `Changed meanwhile, by another page or program: ${told.join("; ")}. Look again, then say it again.`;
}

// Sends something about pictures as they were seen; `label` is a class or null, where it is one.
export async function change(path, pictures, fields = {}) {
  const seen = Object.fromEntries(pictures.map(({ id, mark }) => [id, mark]));
  try {
    return await send(path, { ids: Object.keys(seen), seen, ...fields });
  } catch (error) {
    const now = error.status === 409 && error.found?.now;
    throw now ? new Error(conflict(now)) : error;
  }
}

export function complain(text) {
  at("trouble").textContent = text;
  at("trouble-box").hidden = !text;
}

export function told(words) {
  at("done").textContent = words;
  say(words);
}

// Does something, tells what came of it, and looks anew; returns the answer, or null where it failed.
// Of what takes long, `meanwhile` is told.
export async function attempt(work, meanwhile = "One moment …") {
  complain("");
  let done = null;
  const slow = setTimeout(() => told(meanwhile), SLOW);
  try {
    done = (await work()) ?? {};
    if (done.words) told(done.words);
    const left = Object.values(done.left ?? {});
    if (left.length) complain(`${plural(left.length, "picture")} left as they are: ${named([...new Set(left)], "and", 3)}.`);
  } catch (error) {
    complain(trouble(error));
  } finally { clearTimeout(slow); }
  if (at("done").textContent === meanwhile) at("done").textContent = "";
  await refresh();
  return done;
}

// What is taken back or done again is told by its own words, with one before them.
async function turn(path, before, nothing, meanwhile) {
  site.turning = true; // what changes now was changed by nobody else
  const done = await attempt(async () => {
    const found = await send(path);
    return found ? { ...found, words: `${before}: ${found.words}` } : { words: nothing };
  }, meanwhile);
  site.turning = false;
  return done;
}
export const undo = async () => {
  const done = await turn("undo", "Taken back", "There is nothing to undo.", "Taking it back …");
  if (done) await site.undone?.(done);
};
export const redo = () => turn("redo", "Done again", "There is nothing to do again.", "Doing it again …");

let asking = null, again = false;

// Asks what is so; calls during that are one more look at its end.
export function refresh() {
  if (asking) { again = true; return asking; }
  asking = (async () => {
    try {
      do {
        again = false;
        state = await ask("teach/state");
        await Promise.all([...listeners].map((listener) => listener(state)));
      } while (again);
    } catch (error) {
      if (!(error instanceof TypeError)) complain(trouble(error));
    } finally { asking = null; }
  })();
  return asking;
}

const visible = () => (document.hidden
  ? new Promise((go) => { document.addEventListener("visibilitychange", go, { once: true }); }) : null);

// Waits for news for as long as the page is open. One that nobody sees holds no connection: browsers
// have six for a server, whatever the number of tabs.
export async function follow() {
  for (;;) {
    await visible();
    const poll = new AbortController();
    const stop = () => { if (document.hidden) poll.abort(); };
    document.addEventListener("visibilitychange", stop);
    try {
      const { news } = await ask(`teach/changes?since=${state?.news ?? 0}`, { signal: poll.signal });
      if (news !== state?.news) await refresh();
      await pause(100);
    } catch (error) {
      if (poll.signal.aborted) continue;
      if (error instanceof TypeError) await lost();
      else { complain(trouble(error)); await pause(3000); }
      await refresh();
    } finally { document.removeEventListener("visibilitychange", stop); }
  }
}

// An address for an <img>: where there is a token, only a request of ours may have the picture.
export async function source(path, signal) {
  if (!token()) return path;
  const answer = await fetch(path, { headers: { Authorization: `Bearer ${token()}` }, signal });
  return answer.ok ? URL.createObjectURL(await answer.blob()) : "";
}

// Shows a picture in an <img>, and lets go of the one that it showed; whether it could be shown.
export async function show(image, path, signal) {
  const before = image.src;
  try {
    const address = path && await source(path, signal);
    if (signal?.aborted) { if (address?.startsWith("blob:")) URL.revokeObjectURL(address); return false; }
    if (address) image.src = address;
    else if (image.isConnected) image.removeAttribute("src");
    else image.src = ""; // Chromium keeps one that is out of the page and loses its src otherwise, with what stands for it
    if (before.startsWith("blob:")) URL.revokeObjectURL(before);
    if (!address) return false;
    // Not by decode(): it never settles for one that is gone meanwhile, and then the browser keeps it.
    await new Promise((go) => {
      image.onload = image.onerror = go;
      if (image.complete) go();
    });
    return image.naturalWidth > 0;
  } catch { return false; }
}

window.addEventListener("beforeunload", (event) => { if (waiting && gone) event.preventDefault(); });

export const site = {
  state: () => state, TAB, tab: TAB, ask, attempt, change, complain, lost, refresh, say, send, show, source, told, trouble, count,
};
