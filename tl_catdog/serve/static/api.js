// Asks the server: with the token, if it wants one, and again where it has too much to do.
// Addresses are relative, so that the page works below any path of a proxy.

const KEY = "tl-catdog-token";
const PATIENCE = 2 * 60 * 1000; // ms for which a busy server is asked again
let memory = ""; // where the browser keeps nothing
let asking = null; // one question for a token at a time, whoever needs it

const storage = () => { try { return window.sessionStorage; } catch { return null; } };
export const token = () => storage()?.getItem(KEY) || memory;
export function keepToken(text) {
  memory = text.trim();
  try { storage()?.setItem(KEY, memory); } catch { /* it stays in memory */ }
}

// "#token=…" opens the page for whoever was given the address; then it leaves the address bar.
export function takeToken() {
  const found = /^#token=(.+)$/.exec(location.hash)?.[1];
  if (!found) return false;
  try { keepToken(decodeURIComponent(found)); } catch { keepToken(found); }
  history.replaceState(null, "", location.pathname + location.search);
  return true;
}

let askToken = async () => { throw new Error("a token is needed"); };
export const onTokenWanted = (ask) => { askToken = ask; };

const pause = (ms, signal) => new Promise((go, stop) => {
  const timer = setTimeout(go, ms);
  signal?.addEventListener("abort", () => { clearTimeout(timer); stop(signal.reason); }, { once: true });
});

export class Refused extends Error {
  constructor(status, found) {
    const error = (found?.error || `The server says ${status}`).replace(/^expected/, "Expected").replace(/\.$/, "");
    super([error, found?.hint || "Try again."].join(". "));
    Object.assign(this, { status, found });
  }
}

// Returns the answer as JSON, or throws Refused; TypeError where nobody answers.
export async function ask(path, { signal, onBusy, patience = PATIENCE, ...options } = {}) {
  const until = Date.now() + patience;
  let lost = 0;
  for (let attempt = 0; ; attempt += 1) {
    const used = token();
    const headers = { Accept: "application/json", ...(used && { Authorization: `Bearer ${used}` }) };
    let response;
    try {
      response = await fetch(path, { ...options, headers, signal });
    } catch (error) {
      // A connection that was kept may have been closed while the request set out on it.
      if (!(error instanceof TypeError) || lost) throw error;
      lost += 1;
      await pause(300, signal);
      continue;
    }
    if (response.status === 401) {
      if (token() === used) {
        asking ??= askToken(Boolean(used)).finally(() => { asking = null; });
        await asking;
      }
      continue;
    }
    if (response.status === 503 && Date.now() < until) {
      onBusy?.();
      // Longer and longer, not all at the same moment, and not before the server's own word.
      const asked = 1000 * (Number(response.headers.get("Retry-After")) || 0);
      const later = Math.min(500 * 1.5 ** attempt, 8000);
      await pause(Math.max(later, Math.min(asked, 30000)) * (1 + Math.random() / 2), signal);
      continue;
    }
    const found = await response.json().catch(() => ({}));
    if (!response.ok && response.status !== 422) throw new Refused(response.status, found);
    return found;
  }
}

export const about = () => ask("about");

// Returns one picture's row, as predict --json prints it.
export async function predict(file, { explain = false, preview = false, ...options } = {}) {
  const form = new FormData();
  form.append("files", file, file.name || "pasted.png");
  const query = new URLSearchParams();
  if (explain) query.set("explain", "1");
  if (preview) query.set("preview", "1");
  const found = await ask(`predict?${query}`, { method: "POST", body: form, ...options });
  return found.answers[0];
}

export const trouble = (error) => error instanceof TypeError
  ? "The server doesn't answer. Is it still running?" : error.message;
