// The camera's panel: a running answer, and photographs that are kept as cards.

import { say } from "./announce.js";
import { predict, trouble } from "./api.js";
import { ELSEWHERE, Camera, available } from "./camera.js";
import { at, bars, bdi, make } from "./dom.js";
import { probability } from "./wording.js";

const BETWEEN = 200; // ms at least from one question to the next; an answer is awaited first
const LIVE_SIDE = 640; // pixels of a frame that is asked about
const KEPT_SIDE = 1920; // and of one that is kept
const STEADY = 1500; // ms for which an answer stands before it is read out

export class Live {
  // photographs(files) takes what is kept; note(text) shows what went wrong; answer(file, options)
  // asks what a frame shows.
  constructor({ photographs, note, answer = predict }) {
    Object.assign(this, { photographs, note, answer, round: 0, taken: 0 });
    this.camera = new Camera(at("video"));
    this.camera.onEnded = () => { this.close(); note("The camera was taken away."); };
    at("use-camera").addEventListener("click", () => this.open());
    at("stop-camera").addEventListener("click", () => { this.close(); at("use-camera").focus(); });
    at("switch-camera").addEventListener("click", () => this.start(() => this.camera.next()));
    at("keep").addEventListener("click", () => this.keep());
    at("photograph").addEventListener("change", ({ target }) => {
      photographs([...target.files]);
      target.value = "";
    });
    // Nobody is looking: nothing is asked. Whoever leaves the page leaves the camera.
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.round += 1;
      else if (this.camera.on) this.run();
    });
    window.addEventListener("pagehide", () => this.close());
  }

  async open() {
    if (!available()) {
      // A phone's own camera works without https; on a desktop that would be one more file dialogue.
      if (matchMedia("(pointer: coarse)").matches) at("photograph").click();
      else this.note(ELSEWHERE);
      return;
    }
    await this.start(() => this.camera.start());
  }

  async start(begin) {
    this.round += 1;
    at("live").hidden = false;
    document.body.classList.add("filming");
    this.tell("Starting the camera …");
    try {
      if (!await begin()) return;
    } catch (error) {
      this.close();
      this.note(error.message);
      at("use-camera").focus();
      return;
    }
    at("film").classList.toggle("mirrored", this.camera.mirrored);
    at("switch-camera").hidden = (await this.camera.all()).length < 2;
    if (!at("live").contains(document.activeElement)) at("keep").focus();
    this.run();
  }

  close() {
    this.round += 1;
    this.camera.stop();
    this.stop?.abort();
    at("live").hidden = true;
    document.body.classList.remove("filming");
    at("film").querySelector(".over")?.remove();
  }

  // One frame after the other: none is taken before the last one is answered.
  async run() {
    const round = this.round += 1;
    const mine = () => round === this.round && this.camera.on && !document.hidden;
    this.stop?.abort();
    this.stop = new AbortController();
    while (mine()) {
      const began = performance.now();
      try {
        const frame = await this.camera.frame(LIVE_SIDE);
        if (frame && mine()) {
          const explain = at("live-heat").checked;
          const row = await this.answer(frame, { explain, patience: 3000, signal: this.stop.signal });
          if (mine()) this.show(row);
        }
      } catch (error) {
        if (!mine()) return;
        this.tell(trouble(error));
        await new Promise((go) => setTimeout(go, 2000));
      }
      await new Promise((go) => setTimeout(go, Math.max(30, BETWEEN - (performance.now() - began))));
    }
  }

  tell(text) {
    at("live-answer").replaceChildren();
    make(at("live-answer"), "p", { text, name: "answer" });
  }

  show(row) {
    const box = at("live-answer");
    if (row.error) { this.tell(row.error); return; }
    const sure = probability(row.probabilities[row.label]);
    box.replaceChildren();
    const line = make(box, "p", { name: `answer${row.doubt ? " doubtful" : ""}` });
    if (row.doubt) make(line, "span", { text: "unsure", name: "label" });
    else bdi(line, row.label, "label");
    line.append(" ");
    make(line, "span", { text: row.doubt ? "" : sure, name: "sure" });
    const why = make(box, "p", { name: "why" });
    if (row.doubt) {
      why.append("perhaps ");
      bdi(why, row.label);
      why.append(` ${sure}, but ${row.doubt}`);
    }
    bars(box, row.probabilities, probability, 4);
    at("film").querySelector(".over")?.remove();
    if (row.heat) make(at("film"), "img", { name: "over", alt: "" }).src = row.heat;
    this.speak(row.doubt ? `unsure, ${row.doubt}` : row.label, row.doubt ? "" : sure);
  }

  // Read out when it changed and stays so: a running answer would never let anyone listen.
  speak(what, sure) {
    const now = performance.now();
    if (what !== this.candidate) Object.assign(this, { candidate: what, since: now });
    if (what !== this.spoken && now - this.since >= STEADY) {
      this.spoken = what;
      say(sure ? `${what}, ${sure}` : what);
    }
  }

  async keep() {
    const frame = await this.camera.frame(KEPT_SIDE, `photograph ${this.taken + 1}.jpg`);
    if (!frame) return;
    this.taken += 1;
    this.photographs([frame]);
  }
}
