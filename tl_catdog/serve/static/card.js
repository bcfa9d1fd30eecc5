// One picture and what is said of it.

import { bars, bdi, button, make } from "./dom.js";
import { needsPreview, release, thumbnail } from "./thumbs.js";
import { named, percent, probability } from "./wording.js";

const HEIGHT = 240, WIDTH = 400; // CSS pixels of a picture, as page.css has them

export class Card {
  constructor(file, { onRemove }) {
    this.file = file;
    this.name = file.within || file.name || "pasted picture";
    this.row = null; // the server's, once it answered
    this.item = make(null, "li", { name: "card waiting" });
    this.look = make(this.item, "div", { name: "look" });
    this.frame = make(this.look, "span", { name: "frame" });
    this.said = make(this.item, "div", { name: "said" });
    this.title = make(this.said, "h3", { name: "answer", tabindex: "-1" });
    make(this.title, "span", { text: "Looking …", name: "label" });
    bdi(make(this.said, "p", { name: "name" }), this.name);
    const gone = button(this.item, "×", "remove", () => onRemove(this));
    gone.setAttribute("aria-label", `Remove ${this.name}`);
    gone.title = "Remove";
    this.gone = gone;
  }

  get wantsPreview() { return needsPreview(this.file); }

  // The thumbnail is made when the card comes near the view, and once.
  async picture() {
    if (this.shown) return;
    this.shown = true;
    const address = await thumbnail(this.file, this.item);
    if (address && this.freed) release(address);
    else if (address) this.put(address);
    else this.unseen = true;
    if (this.unseen && this.row) this.without();
  }

  put(address) {
    this.photo?.remove();
    this.address = address;
    this.photo = make(null, "img", { name: "photo", alt: this.alt() });
    const { photo } = this;
    photo.addEventListener("load", () => {
      // Small pictures are enlarged, up to the height that large ones are shrunk to.
      const scale = Math.min(HEIGHT / photo.naturalHeight, WIDTH / photo.naturalWidth);
      if (scale > 1) photo.width = Math.round(photo.naturalWidth * scale);
    });
    photo.src = address;
    this.frame.prepend(photo);
  }

  without() {
    if (this.photo) return;
    if (this.row?.preview) this.put(this.row.preview);
    else if (!this.frame.firstChild) {
      make(this.frame, "span", { name: "unshown", text: "It can't be shown." });
    }
  }

  free() {
    release(this.address);
    this.freed = true;
  }

  // After undoing: as it was.
  again() {
    if (!this.freed) return;
    this.freed = this.shown = false;
    this.photo?.remove();
    this.photo = null;
  }

  alt() { return this.row?.label ? `${this.name}: ${this.spoken()}` : this.name; }

  get top() { return this.row?.label == null ? null : this.row.probabilities[this.row.label]; }

  // How it stands in a list, and in a filter.
  get kind() { return this.row?.error ? "no answer" : this.row?.doubt ? "unsure" : this.row?.label ?? ""; }

  spoken() {
    const { row } = this;
    if (row.error) return `no answer, ${row.error}`;
    const said = `${row.label}, ${probability(this.top)}`;
    return row.doubt ? `unsure: perhaps ${said}, but ${row.doubt}` : said;
  }

  show(row, run) {
    this.row = row;
    this.item.classList.remove("waiting");
    this.title.replaceChildren();
    this.said.querySelectorAll(".why, .bars, .all, .looks").forEach((old) => old.remove());
    if (row.error) {
      this.item.classList.add("failed");
      make(this.title, "span", { text: "No answer", name: "label" });
      make(this.said, "p", { text: row.error, name: "why" });
    } else this.tell(row, run);
    if (this.photo) this.photo.alt = this.alt();
    if (this.unseen) this.without();
    else if (row.preview && !this.photo) this.put(row.preview);
  }

  tell(row, run) {
    const sure = probability(this.top);
    this.item.classList.toggle("doubtful", Boolean(row.doubt));
    if (row.doubt) {
      make(this.title, "span", { text: "unsure", name: "label" });
      const guess = make(this.title, "span", { name: "guess" });
      guess.append("perhaps ");
      bdi(guess, row.label);
      guess.append(` ${sure}`);
      this.explain(row, run);
    } else {
      bdi(this.title, row.label, "label");
      this.title.append(" ");
      make(this.title, "span", { text: sure, name: "sure" });
    }
    bars(this.said, row.probabilities, probability);
    if (row.heat) {
      const over = make(this.frame, "img", { name: "over", alt: "" });
      over.src = row.heat;
      const words = row.looks ? `Looks most at ${row.looks}.` : "Looks at no place in particular.";
      make(this.said, "p", { text: words, name: "looks" });
    }
  }

  // Why no answer is given, and what that means.
  explain(row, run) {
    const policy = run?.policy;
    const box = make(this.said, "div", { name: "why" });
    const strange = /^unlike/.test(row.doubt);
    let text = strange
      ? `This picture is unlike those it learnt from, so its percentages mean little: it may well show none of ${named(run?.classes ?? [])}.`
      : "Too doubtful to be called an answer: it can't tell these apart well enough here.";
    if (policy && !strange) text += ` It answers from ${percent(policy.confidence)} on.`;
    if (policy && strange && row.novelty != null && policy.novelty != null) {
      text += ` Unfamiliarity ${row.novelty.toFixed(2)}; it answers up to ${policy.novelty.toFixed(2)}.`;
    }
    make(box, "p", { text });
    if (!policy?.sentence) return;
    const more = make(box, "details");
    make(more, "summary", { text: "Why “unsure” at all?" });
    make(more, "p", { text: `It keeps silent rather than guess. ${policy.sentence}.` });
  }
}
