// The page: pictures come in, the queue asks for answers, cards show them.

import { answered, say } from "./announce.js";
import { about, ask, predict, takeToken, trouble } from "./api.js";
import { Card } from "./card.js";
import { at, button, make } from "./dom.js";
import { rowsOf, save, toCsv, toJson } from "./download.js";
import { Gallery } from "./gallery.js";
import { MOST, sorted, taken } from "./intake.js";
import { Live } from "./live.js";
import { Queue } from "./queue.js";
import { askForTokens } from "./token.js";
import { count, estimate, named, plural } from "./wording.js";

let run = null; // what is known of it, from /about

const queue = new Queue(answer, { onChange: progress, onIdle: finished });
const gallery = new Gallery({
  onGone: (cards) => queue.drop(cards),
  onBack(cards) {
    for (const card of cards) {
      card.again();
      near.observe(card.item);
    }
    queue.add(cards.filter(({ row }) => !row));
  },
});
// Thumbnails are made a screen ahead.
const near = new IntersectionObserver((changes) => {
  for (const { target, isIntersecting } of changes) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    gallery.cards.find(({ item }) => item === target)?.picture();
  }
}, { rootMargin: "600px" });

async function answer(card, signal) {
  let row;
  try {
    const onBusy = () => { at("progress").textContent = "The server is busy; asking again …"; };
    row = await predict(card.file, { explain: true, preview: card.wantsPreview, signal, onBusy });
  } catch (error) {
    if (signal.aborted) return;
    row = { label: null, probabilities: null, error: trouble(error) };
  }
  if (signal.aborted) return;
  card.show(row, run);
  answered(card, () => queue.left);
}

function progress() {
  const { left } = queue, total = gallery.cards.length;
  at("progress").textContent = left ? `Looking at ${count(left)} of ${count(total)} …` : "";
  at("bar").hidden = left < 2;
  at("bar").max = Math.max(1, total);
  at("bar").value = total - left;
}

function finished() {
  gallery.changed();
  if (at("sort").value !== "newest") gallery.arrange();
}

function add({ files, notes = [] }) {
  const room = Math.max(0, MOST - gallery.cards.length);
  if (files.length > room) {
    notes = [...notes, `${count(MOST)} pictures fit on this page; clear some to add more.`];
    files = files.slice(0, room);
  }
  note(...notes);
  if (!files.length) return;
  const first = gallery.cards.length === 0;
  const cards = files.map((file) => new Card(file, { onRemove: (card) => gallery.remove(card) }));
  gallery.add(cards);
  for (const { item } of cards) near.observe(item);
  queue.add(cards);
  if (files.length > 3) say(`Looking at ${plural(files.length, "picture")}.`);
  if (first || at("results").getBoundingClientRect().top > innerHeight * 0.7) {
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    at("results").scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
  }
}

function note(...texts) {
  at("notes").replaceChildren();
  for (const text of texts) {
    const line = make(at("notes"), "p", { name: "note" });
    make(line, "span", { text });
    const gone = button(line, "×", "remove", () => { line.remove(); at("choose").focus(); });
    gone.setAttribute("aria-label", "Dismiss this note");
  }
}

for (const [opener, input] of [["choose", "files"], ["choose-folder", "folder"]]) {
  at(opener).addEventListener("click", () => at(input).click());
  at(input).addEventListener("change", ({ target }) => {
    const files = [...target.files];
    for (const file of files) if (file.webkitRelativePath) file.within = file.webkitRelativePath;
    target.value = "";
    // Whoever names files has chosen them: the server says what is wrong with one.
    add(input === "folder" ? sorted(files, { folder: true }) : { files });
  });
}
const touched = matchMedia("(pointer: coarse)").matches; // nothing is dropped on a phone
at("choose-folder").hidden = touched || !("webkitdirectory" in at("folder"));
if (touched) at("drop-title").textContent = "Add pictures";

let depth = 0; // of elements that something is dragged over
const over = (on) => document.body.classList.toggle("over", on);
document.addEventListener("dragenter", (event) => { event.preventDefault(); depth += 1; over(true); });
document.addEventListener("dragleave", () => { depth = Math.max(0, depth - 1); if (!depth) over(false); });
document.addEventListener("dragover", (event) => { event.preventDefault(); event.dataTransfer.dropEffect = "copy"; });
document.addEventListener("drop", (event) => {
  event.preventDefault();
  depth = 0;
  over(false);
  taken(event.dataTransfer).then(add);
});
document.addEventListener("paste", (event) => {
  if (event.target.closest?.("input, textarea")) return;
  event.preventDefault();
  taken(event.clipboardData).then(add);
});

for (const id of ["heat", "live-heat"]) {
  at(id).addEventListener("change", ({ target }) => {
    for (const other of ["heat", "live-heat"]) at(other).checked = target.checked;
    document.body.classList.toggle("hot", target.checked);
  });
}
at("csv").addEventListener("click", () => {
  save(toCsv(rowsOf(gallery.cards), run?.classes ?? []), "answers.csv", "text/csv");
});
at("json").addEventListener("click", () => save(toJson(rowsOf(gallery.cards)), "answers.json", "application/json"));

async function samples() {
  const { note: words, samples: found } = await ask("samples").catch(() => ({ samples: [] }));
  at("samples").hidden = !found.length;
  at("samples-note").textContent = words ?? "";
  for (const { file, caption } of found) {
    const tile = button(make(at("tiles"), "li"), "", "tile", async () => {
      const data = await fetch(file).then((response) => response.blob()).catch(() => null);
      if (data) add({ files: [new File([data], `${caption}.jpg`, { type: data.type })] });
      else note("The server doesn't answer. Is it still running?");
    });
    make(tile, "img", { src: file, alt: "", width: "360", height: "360" });
    make(tile, "span", { text: caption });
  }
}

async function introduce() {
  try {
    run = await about();
  } catch (error) {
    note(trouble(error));
    return;
  }
  const good = run.accuracy;
  const figures = good ? `: right on ${estimate(good)} of ${count(good.n)} ${good.split} pictures` : "";
  const many = run.classes.length > 6;
  const kinds = many
    ? `${plural(run.classes.length, "class", "es")}, such as ${run.classes.slice(0, 3).join(", ")}`
    : named(run.classes, "and", 6);
  at("about").textContent = `${run.run} tells apart ${kinds}${figures}.`;
  if (run.classes.length <= 3) at("question").textContent = `What is it: ${named(run.classes)}?`;
  document.title = `${at("question").textContent} tl-catdog: ${run.run}`;
}

askForTokens();
window.addEventListener("hashchange", () => { if (takeToken()) location.reload(); });
takeToken();
new Live({ photographs: (files) => add({ files }), note });
introduce();
samples();
