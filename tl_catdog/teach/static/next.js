// What to do next: one picture, large, with what it seems to be and why it is asked for. What is asked
// stays until it is answered, whatever is learned meanwhile, and only what is seen can be answered.

import { ask } from "./api.js";
import { at, bdi, button, make } from "./dom.js";
import { attempt, change, onState, send, show, site } from "./state.js";
import { count, whole } from "./wording.js";

const KINDS = {
  "": "what helps most", teach: "without a class", check: "drawn by lot", doubt: "labels to doubt", copy: "copies", broken: "can't be read",
  unlike: "unlike all others", lacking: "classes that lack pictures",
};
const TITLES = {
  teach: "What is it?", check: "What is it?", doubt: "Is its label right?", copy: "Is it needed twice?",
  broken: "It can't be read", unlike: "Does it belong here?", lacking: "More pictures are needed", enough: "How far it is",
};
const AHEAD = 3; // pictures that are loaded before they are asked
const BUTTONS = 9; // classes with a button each, which are as many as have keys

export class Next {
  constructor({ open, collect }) {
    Object.assign(this, { go: open, collect, current: null, seen: null, mark: 0, round: 0, told: "" });
    this.after = []; // what comes after the one that is asked
    this.ahead = new Map(); // id → its picture, loaded already
    this.kind = "";
    at("kind").addEventListener("change", ({ target }) => { Object.assign(this, { kind: target.value, current: null, after: [] }); this.update(); });
    at("naming").addEventListener("submit", (event) => {
      event.preventDefault();
      const name = at("named").value.trim();
      if (!this.names().includes(name)) { at("named").setAttribute("aria-invalid", "true"); return; }
      at("named").removeAttribute("aria-invalid");
      at("named").value = "";
      at("next-title").focus();
      this.label(name);
    });
    at("named").addEventListener("keydown", (event) => { if (event.key === "Escape") at("next-title").focus(); });
    site.undone = (done) => this.back(done);
    onState(() => { if (this.open) return this.update(); });
  }

  // Whoever takes an answer back wants to give another one.
  async back({ ids = [] } = {}) {
    if (!this.open || ids.length !== 1) return;
    const picture = await ask(`teach/pictures/${ids[0]}`).catch(() => null);
    if (!picture) return;
    this.answered = null;
    this.round += 1;
    const { id, guesses, label } = picture;
    this.current = { kind: label === null ? "teach" : "doubt", reason: "You took back what you said of it.", id, guesses, picture, label: label ?? "" };
    this.draw();
  }

  get open() { return !at("next").hidden; }
  names() { return site.state()?.classes.map(({ name }) => name) ?? []; }

  show() { return this.update(); }

  // What is asked is asked on; else the next thing is.
  async update() {
    const round = this.round += 1;
    const mine = () => round === this.round;
    try {
      const query = new URLSearchParams({ count: AHEAD + 2, ...(this.kind && { kind: this.kind }) });
      const { next, kinds } = await ask(`teach/next?${query}`);
      if (!mine()) return;
      this.kinds(kinds);
      const still = await this.still();
      if (!mine()) return;
      const rest = next.filter(({ id }) => !id || (id !== this.current?.id && id !== this.answered));
      if (!still) [this.current = null] = rest;
      this.after = rest.filter((one) => one !== this.current && one.id !== this.current?.id);
      this.draw();
      if (!document.hidden) this.prefetch(this.after.filter(({ picture }) => picture).slice(0, AHEAD));
    } catch (error) {
      if (!(error instanceof TypeError)) site.complain(site.trouble(error));
    }
  }

  async still() {
    const { current } = this;
    if (!current?.picture) return false;
    const { id, mark, skipped, kept } = current.picture;
    const now = await ask(`teach/pictures/${id}`).catch((error) => { if (error instanceof TypeError) throw error; });
    if (this.current !== current) return false;
    if (now?.mark !== mark || now.skipped !== skipped || now.kept !== kept) {
      site.told(now ? `${now.name} was changed by another page or program.` : "The picture is gone: another page or program took it.");
      return false;
    }
    this.current = { ...current, guesses: now.guesses, picture: now };
    return true;
  }

  // Loads pictures that are asked next, and lets go of others.
  prefetch(some) {
    const before = this.ahead;
    this.ahead = new Map(some.map(({ id }) => [id, before.get(id) ?? { image: new Image(), stop: new AbortController() }]));
    for (const [id, { image, stop }] of before) if (!this.ahead.has(id)) { stop.abort(); show(image, ""); }
    for (const [id, { image, stop }] of this.ahead) if (!before.has(id)) show(image, `teach/thumb/${id}?size=448`, stop.signal);
  }

  kinds(counts) {
    const text = Object.entries(KINDS).filter(([kind]) => !kind || kind === this.kind || counts[kind])
      .map(([kind, words]) => [kind, kind ? `${words} (${count(counts[kind] ?? 0)})` : words]);
    const now = JSON.stringify(text);
    if (now === this.told) return;
    this.told = now;
    at("kind").replaceChildren(...text.map(([value, words]) => make(null, "option", { value, text: words })));
    at("kind").value = this.kind;
  }

  draw() {
    const { current } = this, kind = current?.kind;
    at("next-title").textContent = TITLES[kind] ?? "All done for now";
    at("reason").textContent = current?.reason ?? (this.kind ? "Nothing of this kind is left." : "Nothing is left to do. Add pictures, try it, or keep it.");
    this.picture();
    this.guess();
    this.choices();
    this.actions();
  }

  async picture() {
    const { current } = this, { picture } = current ?? {};
    at("stand").hidden = !picture;
    at("caption").textContent = picture ? `${picture.name}${picture.label === null ? "" : `, in ${picture.label}`}` : "";
    at("beside").hidden = !current?.beside;
    at("other-caption").textContent = current?.beside ? `${current.beside.name}, ${current.beside.label === null ? "without a class" : `in ${current.beside.label}`}` : "";
    at("picture").hidden = !picture;
    if (!picture) { this.seen = this.coming = null; delete at("picture").dataset.id; return; }
    if (at("picture").dataset.id === picture.id) { this.seen = picture; return; }
    if (this.coming === picture.id) return;
    this.coming = picture.id;
    this.seen = null;
    at("stand").classList.add("coming");
    delete at("picture").dataset.id;
    const shown = [show(at("picture"), `teach/thumb/${picture.id}?size=448`)];
    if (current.beside) shown.push(show(at("other"), `teach/thumb/${current.beside.id}?size=448`));
    const [good] = await Promise.all(shown); // what can't be shown can be answered all the same
    if (this.coming !== picture.id) return;
    this.coming = null;
    if (this.current?.id !== picture.id) return;
    at("stand").classList.remove("coming");
    at("picture").hidden = !good;
    at("picture").alt = picture.name;
    at("other").alt = current.beside?.name ?? "";
    at("picture").dataset.id = picture.id;
    this.seen = this.current.picture;
    this.answered = null;
    if (this.open) site.say([TITLES[current.kind], picture.name, current.reason, at("guess").textContent].filter(Boolean).join(" "));
  }

  guess() {
    const [guess, second] = this.current?.guesses ?? [];
    at("guess").replaceChildren();
    if (!guess) return;
    at("guess").append("It seems to be ");
    bdi(make(at("guess"), "strong"), guess[0]);
    at("guess").append(`, ${whole(guess[1])}`);
    if (!second) return;
    at("guess").append("; or ");
    bdi(at("guess"), second[0]);
    at("guess").append(`, ${whole(second[1])}`);
  }

  // A button for each class; of many, the likeliest and those with keys, and a field for any.
  choices() {
    const names = this.names(), { current } = this, box = at("choices");
    const guess = current?.guesses?.[0]?.[0];
    const shown = !current?.picture ? [] : names.length <= BUTTONS + 3 ? names
      : [...new Set([...current.guesses.map(([name]) => name), ...names.slice(0, BUTTONS)])];
    const now = JSON.stringify([shown, current?.id, guess]);
    at("naming").hidden = !shown.length || names.length <= BUTTONS + 3;
    if (now === this.drawn) return;
    const old = JSON.parse(this.drawn ?? "[[]]");
    this.drawn = now;
    if (JSON.stringify(old[0]) !== JSON.stringify(shown)) {
      box.replaceChildren();
      this.buttons = shown.map((name) => {
        const one = button(box, "", "choice", () => this.label(name));
        const key = names.indexOf(name) + 1;
        if (key <= BUTTONS) make(one, "kbd", { text: key });
        bdi(one, name);
        return one;
      });
      at("all-classes").replaceChildren(...(at("naming").hidden ? [] : names).map((value) => make(null, "option", { value })));
    }
    this.shown = shown;
    this.point(Math.max(0, shown.indexOf(current?.seems || guess)));
  }

  point(place) {
    this.mark = place;
    this.buttons?.forEach((one, number) => one.classList.toggle("main", number === place && this.shown.length > 0));
  }

  actions() {
    const { current } = this, box = at("actions");
    const now = [current?.kind, current?.label, current?.seems, Boolean(current?.picture)].join("\n");
    if (now === this.acted) return;
    this.acted = now;
    box.replaceChildren();
    const action = (text, key, does) => { const one = button(box, `${text} `, "", does); if (key) make(one, "kbd", { text: key }); };
    if (!current || current.kind === "enough" || current.kind === "lacking") {
      if (current?.kind !== "enough") {
        action(current?.label ? `Add pictures of ${current.label}` : "Add pictures", "", () => {
          this.go("collect");
          this.collect.choose(current?.label || undefined);
          at(this.names().length < 2 ? "class-name" : "choose").focus();
        });
      }
      if (current?.kind !== "lacking") {
        action("Try it", "", () => this.go("try", { focus: true }));
        action("Keep it", "", () => this.go("keep", { focus: true }));
      }
      return;
    }
    if (current.picture?.label != null) action(`Keep it in ${current.picture.label}`, "k", () => this.keep());
    action("Skip", "space", () => this.skip());
    action("Remove", "x", () => this.remove());
  }

  // Says something about the picture that is seen; no second key meets the same one.
  async answer(work) {
    const picture = this.seen;
    if (!picture || !this.open) return;
    Object.assign(this, { seen: null, current: null, answered: picture.id });
    this.round += 1;
    at("stand").classList.add("coming");
    const done = await attempt(async () => {
      const found = await work(picture);
      this.goOn();
      return found;
    });
    if (!done) { this.answered = null; await this.update(); }
  }

  // Once an answer is in, the next picture is shown that was known of; what is asked for anew comes after.
  goOn() {
    const [next, ...rest] = this.after;
    if (this.current || !next?.picture) return;
    Object.assign(this, { current: next, after: rest });
    this.draw();
  }

  label(label) {
    if (this.seen?.label === label) this.keep();
    else this.answer((picture) => change("label", [picture], { label }));
  }
  skip() { this.answer(({ id }) => send("skip", { ids: [id] })); }
  keep() { if (this.seen?.label != null) this.answer(({ id }) => send("keep", { ids: [id] })); }
  remove() { this.answer((picture) => change("remove", [picture])); }

  // Takes a key; returns whether it was one of ours.
  key(key) {
    const names = this.names();
    if (/^[1-9]$/.test(key) && names[key - 1]) this.label(names[key - 1]);
    else if (key === " ") this.skip();
    else if (key === "k") this.keep();
    else if (key === "x") this.remove();
    else if (key === "c" && !at("naming").hidden) at("named").focus();
    else if (key === "enter" && this.shown?.length) this.label(this.shown[this.mark]);
    else if ((key === "arrowleft" || key === "arrowright") && this.shown?.length) {
      const step = key === "arrowright" ? 1 : -1;
      this.point((this.mark + step + this.shown.length) % this.shown.length);
      site.say(this.shown[this.mark]);
    } else return false;
    return true;
  }
}
