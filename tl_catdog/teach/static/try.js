// Try: what the head that was learned last says of the camera or of a picture, and what is wrong
// with that. A correction is a picture of its class like any other: learned, and undone by u.

import { ask } from "./api.js";
import { bars, bdi, button, make } from "./dom.js";
import { taken } from "./intake.js";
import { Live } from "./live.js";
import { apart, probability } from "./wording.js";

const tried = (file, { explain = true, ...options } = {}) => {
  const form = new FormData();
  form.append("files", file, file.name || "pasted.png");
  return ask(`teach/try?explain=${explain ? 1 : 0}`, { method: "POST", body: form, ...options });
};

// What serve's camera works on, by the ids that it knows.
function film(parent) {
  const live = make(parent, "div", { id: "live" });
  live.hidden = true;
  const frame = make(live, "div", { id: "film" });
  make(frame, "video", { id: "video", playsinline: "", "aria-label": "What the camera sees" }).muted = true;
  const said = make(live, "div", { name: "said" });
  make(said, "div", { id: "live-answer" });
  const row = make(said, "p", { name: "row" });
  make(row, "button", { id: "keep", type: "button", name: "main", text: "Take this picture" });
  make(row, "button", { id: "switch-camera", type: "button", text: "Switch camera" }).hidden = true;
  make(row, "button", { id: "stop-camera", type: "button", text: "Stop" });
  heat(said, "live-heat");
  return live;
}

function heat(parent, id) {
  const label = make(parent, "label", { name: "switch" });
  const box = make(label, "input", { type: "checkbox", id });
  make(label, "span", { text: "Show where it looks" });
  return box;
}

export function mount(section, site) {
  let picture = null; // the file that is tried
  let asked = 0; // which question is the last
  let heard = ""; // what was read out last
  let correcting = null; // what is said of it, until that is answered
  let known = null; // which version of what was learned it was asked of

  const ways = make(section, "div", { name: "panel try-in" });
  make(ways, "p", { name: "soft", text: "Drop or paste a picture that it hasn't seen. It isn't kept unless you correct its answer." });
  const promise = make(ways, "p", { name: "soft" });
  const row = make(ways, "p", { name: "row" });
  button(row, "Choose a picture", "main", () => input.click());
  make(row, "button", { id: "use-camera", type: "button", text: "Use the camera" });
  const input = make(ways, "input", { type: "file", "aria-label": "A picture to try" });
  const photograph = make(ways, "input", {
    type: "file", id: "photograph", accept: "image/*", capture: "environment", "aria-label": "A photograph to try",
  });
  input.hidden = photograph.hidden = true;
  const note = make(section, "p", { name: "bad", role: "alert" });
  film(section);
  const panel = make(section, "div", { name: "panel tried" });
  panel.hidden = true;
  const look = make(panel, "div", { name: "look" });
  const said = make(panel, "div", { name: "said" });
  const answer = make(said, "div", { name: "given" });
  const hot = heat(said, "try-heat");
  const wrong = make(said, "fieldset", { name: "wrong" });
  const outcome = make(said, "p", { name: "soft", role: "status" });

  const complain = (text) => { note.textContent = text; };
  const live = new Live({ photographs: (files) => show(files[0]), note: complain, answer: tried });

  input.addEventListener("change", () => {
    show(input.files[0]);
    input.value = "";
  });
  hot.addEventListener("change", () => look.classList.toggle("hot", hot.checked));

  function show(file) {
    if (!file) return;
    live.close();
    picture = file;
    outcome.textContent = heard = "";
    look.replaceChildren();
    panel.hidden = false;
    const frame = make(look, "span", { name: "frame" });
    const shown = make(frame, "img", { name: "photo", alt: `The picture to try: ${file.name || "pasted"}` });
    const address = URL.createObjectURL(file);
    shown.addEventListener("load", () => URL.revokeObjectURL(address));
    // What browsers can't show, such as HEIC, comes small from the server.
    shown.addEventListener("error", () => { URL.revokeObjectURL(address); shown.classList.add("missing"); }, { once: true });
    shown.src = address;
    question();
  }

  async function question() {
    const mine = asked += 1;
    known = site.state().learned?.version;
    complain("");
    if (!answer.firstChild) make(answer, "p", { text: "Looking …" });
    hot.parentNode.hidden = !site.state().learned?.learned;
    if (hot.parentNode.hidden) { answer.replaceChildren(); make(answer, "p", { text: "It can't answer yet." }); return; }
    try {
      const found = await tried(picture);
      if (mine === asked) tell(found);
    } catch (error) {
      if (mine !== asked) return;
      answer.replaceChildren();
      look.querySelector(".over")?.remove();
      wrong.replaceChildren();
      complain(site.trouble(error));
    }
  }

  function tell(found) {
    answer.replaceChildren();
    look.querySelector(".over")?.remove();
    if (found.error) {
      wrong.replaceChildren();
      make(answer, "p", { name: "bad", text: `${found.error}.` });
      return;
    }
    const sure = probability(found.probabilities[found.label]);
    const short = found.doubt ? `unsure, perhaps ${found.label}, but ${found.doubt}` : `${found.label}, ${sure}`;
    if (short !== heard) site.say(heard = short);
    const line = make(answer, "p", { name: `answer${found.doubt ? " doubtful" : ""}` });
    if (found.doubt) {
      make(line, "span", { text: "unsure", name: "label" });
      const why = make(answer, "p", { name: "why" });
      why.append("perhaps ");
      bdi(why, found.label);
      why.append(` ${sure}, but ${found.doubt}`);
    } else {
      bdi(line, found.label, "label");
      line.append(" ");
      make(line, "span", { text: sure, name: "sure" });
    }
    bars(answer, found.probabilities, probability);
    if (found.looks) make(answer, "p", { name: "soft", text: `Looks most at ${found.looks}.` });
    const missing = look.querySelector(".missing");
    if (missing && found.preview) missing.src = found.preview;
    if (found.heat) make(look.querySelector(".frame"), "img", { name: "over", alt: "" }).src = found.heat;
    choices();
  }

  function choices() {
    const names = site.state().classes.map(({ name }) => name);
    if (wrong.firstChild && wrong.dataset.names === JSON.stringify(names)) return; // whoever is on one stays on it
    wrong.dataset.names = JSON.stringify(names);
    wrong.replaceChildren();
    make(wrong, "legend", { text: "Is that wrong? It is …" });
    const row = make(wrong, "div", { name: "row" });
    for (const name of names) {
      const node = button(row, "", "choice", () => correct(name));
      bdi(node, name);
    }
  }

  async function correct(name) {
    const mine = picture;
    if (correcting?.picture === mine && correcting.name === name) return; // a second click meant the same
    correcting = { picture: mine, name };
    const said = (words) => { if (mine === picture) outcome.textContent = words; };
    const form = new FormData();
    form.append("files", mine, mine.name || "tried.png");
    const query = new URLSearchParams({ class: name, tab: site.TAB });
    await site.attempt(async () => {
      const done = await ask(`teach/pictures?${query}`, { method: "POST", body: form });
      if (done.refused.length) throw new Error(`Not taken: ${done.refused[0].join(": ")}`);
      const [again] = done.known;
      if (!again) {
        said(`Added to ${apart(name)}; it is being learned. Undo takes it back.`);
        return done;
      }
      const now = await ask(`teach/pictures/${encodeURIComponent(again[1])}`);
      said(`It was there already, and is in ${apart(name)} now. Undo takes it back.`);
      return now.label === name ? done
        : site.send("label", { ids: [now.id], label: name, seen: { [now.id]: now.mark } });
    });
    correcting = null;
  }

  let open = false;
  async function transferred(event, transfer) {
    if (!open || event.target.closest?.("#kinds, input:not([type]), textarea")) return;
    event.preventDefault(); // or else Collect takes it
    const { files, notes } = await taken(transfer);
    if (files.length) show(files[0]);
    else complain(notes[0] ?? "There was no picture in that.");
  }
  document.addEventListener("drop", (event) => transferred(event, event.dataTransfer), { capture: true });
  document.addEventListener("paste", (event) => transferred(event, event.clipboardData), { capture: true });

  return {
    // What was learned meanwhile may say something else of the picture.
    update({ learned }) {
      promise.textContent = learned?.unsure ?? "It answers once two classes have pictures.";
      if (open && picture && learned && learned.version !== known) question();
    },
    show() {
      open = true;
      this.update(site.state() ?? {});
    },
    hide() {
      open = false;
      live.close();
    },
  };
}
