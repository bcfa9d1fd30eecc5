// What to do next: one picture, large, with what it seems to be and why it is asked for. What is asked
// stays until it is answered, whatever is learned meanwhile, and only what is seen can be answered.

import { ask } from "./api.js";
import { at, bdi, button, make } from "./dom.js";
import { attempt, change, onState, send, show, site } from "./state.js";
import { apart, count, whole } from "./wording.js";

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

// Makes buttons anew; whoever was on one is on its like then, or else at the title.
function anew(box, fill) {
  const on = box.contains(document.activeElement) && document.activeElement.textContent;
  box.replaceChildren();
  fill(box);
  if (on) ([...box.children].find((one) => one.textContent === on) ?? at("next-title")).focus();
}

export class Next {
  constructor({ open, collect }) {
    Object.assign(this, { go: open, collect, current: null, seen: null, mark: 0, round: 0, told: "", answering: false });
    this.after = []; // what comes after the one that is asked
    this.was = new Map(); // what was asked of pictures that have a class, in case it is taken back
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
  async back({ ids = [] }) {
    const alike = new Set(ids.map((id) => id.split("-")[0])); // files of one content have one mark
    if (!this.open || alike.size !== 1) return;
    const id = ids.find((one) => this.was.has(one)) ?? ids[0];
    const picture = await ask(`teach/pictures/${id}`).catch(() => null);
    if (!picture) return;
    this.answered = null;
    this.came = ""; // that is told already
    this.round += 1;
    const { guesses, label, broken } = picture;
    const kind = broken ? "broken" : label === null ? "teach" : "doubt";
    const was = this.was.get(id) ?? { kind, label: label ?? "" };
    this.current = { ...was, reason: "You took back what you said of it.", id, guesses, picture };
    this.draw();
  }

  get open() { return !at("next").hidden; }
  names() { return site.state()?.classes.map(({ name }) => name) ?? []; }

  show() {
    this.spoken = [];
    return this.update();
  }

  // What is asked is asked on; else the next thing is.
  async update() {
    if (this.answering) return; // what is asked next depends on it; once it is in, all is asked for anew
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
      if (!site.turning) site.told(now ? `${now.name} was changed meanwhile.` : "The picture was taken away meanwhile.");
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
    at("next-title").textContent = kind === "lacking" && !current.label ? "What should be told apart?" : TITLES[kind] ?? "All done for now";
    at("reason").textContent = current?.reason ?? (this.kind ? "Nothing of this kind is left." : "Nothing is left to do. Add pictures, try it, or keep it.");
    this.guess();
    this.choices();
    this.actions();
    this.picture(); // last: it reads out what is there
  }

  async picture() {
    const { current } = this, { picture } = current ?? {};
    at("stand").hidden = !picture;
    const place = ({ name, label }, none) => `${apart(name)}${label === null ? none : `, in ${apart(label)}`}`;
    at("caption").textContent = picture ? place(picture, "") : "";
    at("beside").hidden = !current?.beside;
    at("other-caption").textContent = current?.beside ? place(current.beside, ", without a class") : "";
    at("picture").hidden = !picture;
    if (!picture) {
      this.seen = this.coming = null;
      delete at("picture").dataset.id;
      this.speak("");
      return;
    }
    const both = [picture.id, current.beside?.id].join(" ");
    if (at("picture").dataset.id === picture.id && this.stands === both) { this.seen = picture; return; }
    if (this.coming === both) return;
    this.coming = both;
    this.seen = null;
    at("stand").classList.add("coming");
    delete at("picture").dataset.id;
    const shown = [show(at("picture"), `teach/thumb/${picture.id}?size=448`)];
    if (current.beside) shown.push(show(at("other"), `teach/thumb/${current.beside.id}?size=448`));
    const [good] = await Promise.all(shown); // what can't be shown can be answered all the same
    if (this.coming !== both) return;
    this.coming = null;
    if (this.current?.id !== picture.id) return;
    this.stands = both;
    at("stand").classList.remove("coming");
    at("picture").hidden = !good;
    at("picture").alt = picture.name;
    at("other").alt = current.beside?.name ?? "";
    at("picture").dataset.id = picture.id;
    this.seen = this.current.picture;
    this.answered = null;
    this.speak(picture.name);
  }

  // Reads out what is asked, after what came of the last answer; what is asked as before isn't said again.
  speak(name) {
    const why = [at("next-title").textContent, at("reason").textContent];
    const words = [this.came, ...why.filter((text) => !this.spoken?.includes(text)), name, at("guess").textContent];
    Object.assign(this, { came: "", spoken: why });
    // Not before what is told of the answer itself, which has the same place.
    const all = words.filter(Boolean);
    if (this.open && all.length) setTimeout(() => site.say(all.map((text) => (/[.?!]$/.test(text) ? text : `${text}.`)).join(" ")));
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
    const shown = !current?.picture || current.kind === "broken" ? [] : names.length <= BUTTONS + 3 ? names
      : [...new Set([...current.guesses.map(([name]) => name), ...names.slice(0, BUTTONS)])];
    const now = JSON.stringify([shown, current?.id, guess]);
    at("naming").hidden = !shown.length || names.length <= BUTTONS + 3;
    if (now === this.drawn) return;
    const old = JSON.parse(this.drawn ?? "[[]]");
    this.drawn = now;
    if (JSON.stringify(old[0]) !== JSON.stringify(shown)) {
      anew(box, () => {
        this.buttons = shown.map((name) => {
          const one = button(box, "", "choice", () => this.label(name));
          const key = names.indexOf(name) + 1;
          if (key <= BUTTONS) make(one, "kbd", { text: key });
          bdi(one, name);
          return one;
        });
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
    const { current } = this, { kind, label, picture } = current ?? {}, wanted = [];
    const go = (tab) => () => this.go(tab, { focus: true });
    if (picture) {
      if (picture.label !== null) wanted.push([`Keep it in ${apart(picture.label)}`, "k", () => this.keep()]);
      wanted.push(["Skip", "space", () => this.skip()], ["Remove", "x", () => this.remove()]);
    } else {
      const add = () => {
        this.go("collect");
        this.collect.choose(label || undefined);
        at(this.names().length < 2 ? "class-name" : "choose").focus();
      };
      const more = label ? `Add pictures of ${apart(label)}` : kind === "lacking" ? "Name classes" : "Add pictures";
      if (kind !== "enough") wanted.push([more, "", add]);
      if (kind !== "lacking") wanted.push(["Try it", "", go("try")], ["Keep it", "", go("keep")]);
    }
    const now = JSON.stringify(wanted);
    if (now === this.acted) return;
    this.acted = now;
    anew(at("actions"), (box) => {
      for (const [text, key, does] of wanted) {
        const one = button(box, `${text} `, "", does);
        if (key) make(one, "kbd", { text: key });
      }
    });
  }

  // Says something about the picture that is seen; no second key meets the same one.
  async answer(work) {
    const picture = this.seen;
    if (!picture || !this.open) return;
    if (picture.label !== null) this.was.set(picture.id, this.current);
    Object.assign(this, { seen: null, current: null, answered: picture.id, answering: true });
    this.round += 1;
    at("stand").classList.add("coming");
    const done = await attempt(async () => {
      const found = await work(picture).finally(() => { this.answering = false; });
      this.came = found?.words ?? "";
      at("done").textContent = this.came;
      this.goOn();
      return { ...found, words: "" }; // which are read out with what is asked then
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
    if (!this.shown?.length) return; // it can't be read
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
