"use strict";
const at = (id) => document.getElementById(id);
const AT_ONCE = 4; // pictures under way; the server answers two at a time on two cores
const waiting = [];
let underway = 0, total = 0, done = 0, round = 0; // what was cleared isn't counted any more

function make(parent, tag, text, name) {
  const node = parent.appendChild(document.createElement(tag));
  if (text !== undefined) node.textContent = text;
  if (name) node.className = name;
  return node;
}

// As tl_catdog/wording.py says it: only what is exactly 0 or 1 reads as none or all.
function percent(p) {
  const text = (100 * p).toFixed(1);
  const false_end = p > 0 && p < 1 && (text === "0.0" || text === "100.0");
  return `${false_end ? Math.min(Math.max(100 * p, 0.01), 99.99).toFixed(2) : text} %`;
}

function add(files) {
  for (const file of files) {
    const item = document.createElement("li");
    at("answers").prepend(item);
    const look = make(item, "div", undefined, "look");
    const frame = make(look, "span");
    const photo = make(frame, "img", undefined, "photo");
    photo.alt = "";
    photo.src = URL.createObjectURL(file);
    photo.addEventListener("error", () => { photo.hidden = true; });
    make(item, "p", "…", "label");
    make(item, "p", file.name || "pasted picture", "name");
    waiting.push({ file, item, frame, photo, round });
    total += 1;
  }
  at("clear").hidden = total === 0;
  next();
}

function next() {
  say();
  while (underway < AT_ONCE && waiting.length) {
    underway += 1;
    const job = waiting.shift();
    ask(job).finally(() => {
      underway -= 1;
      if (job.round === round) done += 1;
      next();
    });
  }
}

function say(text) {
  const busy = total > done ? `Looking at ${total - done} of ${total} …` : "";
  at("status").textContent = text || busy || (total ? `${total} answered.` : "");
}

async function ask(job) {
  const form = new FormData();
  form.append("files", job.file, job.file.name || "pasted.png");
  for (let attempt = 0; ; attempt += 1) {
    try {
      const response = await fetch("/predict?explain=1", { method: "POST", body: form });
      if (response.status === 503 && attempt < 20) {
        await new Promise((resolve) => setTimeout(resolve, 500));
        continue;
      }
      const found = await response.json().catch(() => ({ error: `It says ${response.status}`, hint: "Try again." }));
      show(job, response.ok ? found.answers[0] : { error: `${found.error}. ${found.hint}` });
    } catch {
      show(job, { error: "The server doesn't answer. Is it still running?" });
    }
    return;
  }
}

function show({ item, frame, photo, file }, row) {
  const label = item.querySelector(".label");
  const name = file.name || "the pasted picture";
  if (row.error) {
    label.textContent = "No answer";
    label.classList.add("error");
    make(item, "p", row.error, "why");
    return;
  }
  const sure = percent(row.probabilities[row.label]);
  const unsure = Boolean(row.doubt);
  label.textContent = unsure ? "unsure" : row.label;
  label.classList.toggle("unsure", unsure);
  if (unsure) make(item, "p", `${row.label}? ${sure}, ${row.doubt}`, "why");
  photo.alt = `${name}: ${label.textContent}`;
  if (row.looks) {
    const over = make(frame, "img", undefined, "over");
    over.src = row.heat;
    over.alt = `It looks most at ${row.looks}.`;
    make(item, "p", `Looks most at ${row.looks}.`, "why");
  }
  const list = make(item, "dl");
  const ranked = Object.entries(row.probabilities).sort((a, b) => b[1] - a[1]);
  for (const [kind, p] of ranked.slice(0, 5)) {
    make(list, "dt", kind);
    const bar = make(make(list, "dd"), "progress");
    bar.max = 1;
    bar.value = p;
    bar.setAttribute("aria-label", kind);
    make(list, "dd", percent(p), "number");
  }
}

const pictures = (items) => [...items].filter((file) => file.size > 0 || file.type);
for (const id of ["choose", "camera"]) {
  at(id).addEventListener("change", (event) => { add(event.target.files); event.target.value = ""; });
}
document.addEventListener("dragover", (event) => { event.preventDefault(); at("drop").classList.add("over"); });
document.addEventListener("dragleave", () => at("drop").classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  at("drop").classList.remove("over");
  add(pictures(event.dataTransfer.files));
});
document.addEventListener("paste", (event) => add(pictures(event.clipboardData.files)));
at("heat").addEventListener("change", (event) => at("answers").classList.toggle("plain", !event.target.checked));
at("clear").addEventListener("click", () => {
  waiting.length = 0;
  for (const photo of document.querySelectorAll(".photo")) URL.revokeObjectURL(photo.src);
  at("answers").replaceChildren();
  total = done = 0;
  round += 1;
  at("clear").hidden = true;
  at("status").textContent = "Cleared.";
});

fetch("/about").then((response) => response.json()).then((run) => {
  const good = run.accuracy;
  const figures = good
    ? `, right on ${percent(good.value)} of ${good.n} ${good.split} pictures (${good.ci.map((end) => percent(end).replace(" %", "")).join("–")})`
    : "";
  at("about").textContent = `${run.run} tells apart ${run.classes.join(", ")}${figures}.`;
  document.title = `tl-catdog: ${run.run}`;
});
