// The camera of Collect: whoever holds the button records a burst, which is one folder and one
// change. Its frames are so alike that a split must never part them: that is what the folder says.

import { say } from "./announce.js";
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
  let unsent = null; // a burst that couldn't be sent

  const row = make(section, "p", { name: "row" });
  const opener = button(row, "Use the camera", "", open);
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
  const told = make(panel, "p", { name: "soft", role: "status" });
  const others = make(panel, "p", { name: "row" });
  const switcher = button(others, "Switch camera", "", () => start(() => camera.next()));
  button(others, "Stop the camera", "", () => { close(); opener.focus(); });
  const again = button(others, "Send the burst again", "main", () => send(unsent));
  again.hidden = true;
  const note = make(section, "p", { name: "bad", role: "alert" });

  const camera = new Camera(video);
  camera.onEnded = () => { close(); note.textContent = "The camera was taken away."; };

  async function open() {
    note.textContent = "";
    if (available()) return start(() => camera.start());
    // A phone's own camera works without https.
    if (matchMedia("(pointer: coarse)").matches) photograph.click();
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

  async function send(burst) {
    again.hidden = true;
    if (unsent && unsent !== burst) { // one is kept, and whatever is recorded meanwhile joins it
      burst = { ...unsent, files: [...unsent.files, ...burst.files] };
    }
    unsent = burst;
    told.textContent = `Sending ${plural(burst.files.length, "frame")} …`;
    const form = new FormData();
    for (const file of burst.files) form.append("files", file, file.name);
    const query = new URLSearchParams({ class: burst.label, burst: burst.name, tab: site.TAB });
    try {
      const done = await ask(`teach/pictures?${query}`, { method: "POST", body: form });
      if (unsent === burst) unsent = null;
      const words = `${plural(done.ids.length, "frame")} added to ${burst.label || "those without a class"}`;
      told.textContent = `${words}, as one burst. Undo takes it back.`;
      say(words);
      site.refresh();
    } catch (error) {
      told.textContent = "";
      note.textContent = site.trouble(error);
      again.hidden = false;
    }
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
    if (photograph.files.length) send({ name: "", label: kind.value, files: [...photograph.files] });
    photograph.value = "";
  });
  document.addEventListener("visibilitychange", () => { if (document.hidden) end(); });
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
