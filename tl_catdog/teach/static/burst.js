// The camera of Collect: whoever holds the button records a burst, which is one folder and one
// change. Its frames are so alike that a split must never part them: that is what the folder says.

import { ask } from "./api.js";
import { Camera, ELSEWHERE, available } from "./camera.js";
import { button, make } from "./dom.js";
import { plural } from "./wording.js";

const EACH = 200; // ms from one frame to the next
const MOST = 100; // frames of a burst, 20 seconds
const SIDE = 640; // pixels of a frame: more than any network here looks at

const nameNow = () => `burst-${new Date().toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 15)}`
  + `-${Math.floor(Math.random() * 256).toString(16).padStart(2, "0")}`;

export function mount(section, site) {
  let frames = [];
  let recording = null; // { name, label, timer }
  const unsent = []; // bursts that are on their way, or couldn't be sent
  let sending = false;

  const row = make(section, "p", { name: "row" });
  // A phone's own camera works without https; on a desktop that would be one more file dialogue.
  const own = !available() && matchMedia("(pointer: coarse)").matches;
  const opener = button(row, own ? "Take a photograph" : "Use the camera", "", open);
  const photograph = make(row, "input", {
    type: "file", accept: "image/*", capture: "environment", "aria-label": "A photograph",
  });
  photograph.hidden = true;
  const panel = make(section, "div", { name: "burst" });
  panel.hidden = true;
  const frame = make(panel, "div", { name: "film" });
  const video = make(frame, "video", { playsinline: "", "aria-label": "What the camera sees" });
  video.muted = true;
  const kinds = make(panel, "label", { text: "Record into " });
  const kind = make(kinds, "select");
  const hold = button(panel, "Hold to record", "main hold", (event) => {
    // Not a hand's or a key's, which are held: a screen reader's, which begins and ends by two.
    if (event.detail === 0) { if (recording) end(); else begin(); }
  });
  const others = make(panel, "p", { name: "row" });
  const switcher = button(others, "Switch camera", "", () => start(() => camera.next()));
  button(others, "Stop the camera", "", () => { close(); opener.focus(); });
  const told = make(section, "p", { name: "soft", role: "status" });
  const again = button(section, "Send it again", "main", () => send());
  again.hidden = true;
  const note = make(section, "p", { name: "bad", role: "alert" });

  const camera = new Camera(video);
  camera.onEnded = () => { close(); note.textContent = "The camera was taken away."; };

  async function open() {
    note.textContent = "";
    if (available()) return start(() => camera.start());
    if (own) photograph.click();
    else note.textContent = ELSEWHERE;
  }

  async function start(work) {
    end();
    try {
      if (!await work()) return;
    } catch (error) {
      close();
      note.textContent = error.message;
      return;
    }
    panel.hidden = false;
    opener.hidden = true;
    if (site.chosen?.()) kind.value = site.chosen();
    frame.classList.toggle("mirrored", camera.mirrored);
    switcher.hidden = (await camera.all()).length < 2;
    if (!panel.contains(document.activeElement)) hold.focus();
  }

  function close() {
    end();
    camera.stop();
    panel.hidden = true;
    opener.hidden = false;
  }

  function begin() {
    if (recording || !camera.on) return;
    frames = [];
    const mine = { name: nameNow(), label: kind.value };
    recording = mine;
    hold.classList.add("on");
    hold.textContent = "Recording …";
    let busy = false;
    const take = async () => {
      if (busy || recording !== mine) return;
      busy = true;
      const file = await camera.frame(SIDE, `${mine.name}-${String(frames.length + 1).padStart(3, "0")}.jpg`);
      busy = false;
      if (!file || recording !== mine) return;
      frames.push(file);
      hold.textContent = `Recording: ${frames.length}`;
      if (frames.length >= MOST) end();
    };
    mine.timer = setInterval(take, EACH);
    take();
  }

  function end() {
    if (!recording) return;
    const { name, label, timer } = recording;
    clearInterval(timer);
    recording = null;
    hold.classList.remove("on");
    hold.textContent = "Hold to record";
    if (frames.length) send({ name, label, files: frames });
    frames = [];
  }

  // One after the other; what can't be sent is kept, and whatever is recorded meanwhile comes after it.
  async function send(...bursts) {
    unsent.push(...bursts);
    if (sending) return;
    sending = true;
    again.hidden = true;
    note.textContent = "";
    try {
      for (; unsent.length; unsent.shift()) told.textContent = await post(unsent[0]);
    } catch (error) {
      told.textContent = "";
      note.textContent = site.trouble(error);
      again.hidden = false;
    }
    sending = false;
    site.refresh();
  }

  async function post({ name, label, files }) {
    const noun = name ? "frame" : "photograph";
    told.textContent = `Sending ${plural(files.length, noun)} …`;
    const form = new FormData();
    for (const file of files) form.append("files", file, file.name);
    const query = new URLSearchParams({ class: label, burst: name, tab: site.TAB });
    const done = await ask(`teach/pictures?${query}`, { method: "POST", body: form });
    if (done.refused.length) note.textContent = `Not taken: ${done.refused[0].join(": ")}`;
    if (!done.ids.length) return done.refused.length ? "" : `${plural(done.known.length, noun)} had been added already.`;
    return `${plural(done.ids.length, noun)} added to ${label || "those without a class"}${name ? ", as one burst" : ""}. Undo takes it back.`;
  }

  hold.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    hold.setPointerCapture?.(event.pointerId); // a finger that slides off the button still holds it
    begin();
  });
  for (const kindOf of ["pointerup", "pointercancel", "lostpointercapture"]) hold.addEventListener(kindOf, end);
  hold.addEventListener("contextmenu", (event) => event.preventDefault()); // of a finger that holds
  hold.addEventListener("keydown", (event) => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat) begin();
  });
  hold.addEventListener("keyup", (event) => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    end();
  });
  hold.addEventListener("blur", end);
  photograph.addEventListener("change", () => {
    // Into the class that is shown: no other one was chosen.
    if (photograph.files.length) send({ name: "", label: site.chosen?.() ?? "", files: [...photograph.files] });
    photograph.value = "";
  });
  document.addEventListener("visibilitychange", () => { if (document.hidden) end(); });
  // Whoever closes the page is asked first while frames aren't in the folder: nothing as large as
  // they are can be sent once it is gone.
  window.addEventListener("beforeunload", (event) => {
    end();
    if (unsent.length) event.preventDefault();
  });
  window.addEventListener("pagehide", close);

  return {
    update(state) {
      const names = state.classes.map(({ name }) => name);
      if (kind.dataset.names === JSON.stringify(names)) return;
      const before = kind.value;
      kind.dataset.names = JSON.stringify(names);
      kind.replaceChildren();
      for (const name of names) make(kind, "option", { text: name, value: name });
      make(kind, "option", { text: "without a class", value: "" });
      kind.value = names.includes(before) ? before : names[0] ?? "";
    },
    show() {},
    hide: close,
  };
}
