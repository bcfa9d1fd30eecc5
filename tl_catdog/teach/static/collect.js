// Collect: pictures come in, are looked at, moved and removed.

import { at, bdi, make } from "./dom.js";
import { nameOf } from "./classes.js";
import { Grid } from "./grid.js";
import { sorted, taken } from "./intake.js";
import { attempt, change, complain, onState, send, show, site } from "./state.js";
import { Upload } from "./upload.js";
import { apart, count, plural, whole } from "./wording.js";

const TAKES = { most: 50_000, archives: true, more: "can be put into the folder itself" };
const OURS = "text/x-teach"; // tiles of this page

export class Collect {
  constructor(classes) {
    this.classes = classes;
    this.label = undefined; // the class that is shown; null: none, undefined: all
    this.renamed = new Map(); // class to what somebody called it, of which news may come before the answer
    this.underway = new Set(); // ids of pictures whose change isn't shown yet
    this.upload = new Upload();
    this.elsewhere = () => false; // whether what is dropped or pasted was taken by another tab
    this.grid = new Grid({
      onPick: () => this.selection(),
      onOpen: (picture, place) => this.open(picture, place),
      onKey: (key) => this.key(key),
    });
    classes.onDrop = (transfer, label) => this.dropped(transfer, label);
    this.buttons();
    this.dropping();
    onState((state) => this.update(state));
  }

  buttons() {
    for (const [opener, input] of [["choose", "files"], ["choose-folder", "files-folder"]]) {
      at(opener).addEventListener("click", () => at(input).click());
      at(input).addEventListener("change", ({ target }) => {
        const files = [...target.files];
        for (const file of files) if (file.webkitRelativePath) file.within = file.webkitRelativePath;
        target.value = "";
        this.add(input === "files" ? { files } : sorted(files, { folder: true, takes: TAKES }), this.label);
      });
    }
    const touched = matchMedia("(pointer: coarse)").matches; // nothing is dropped on a phone
    at("choose-folder").hidden = touched;
    if (touched) at("drop-title").textContent = "Add pictures or archives";
    at("rename").addEventListener("click", () => {
      at("renaming").hidden = false;
      at("new-name").value = this.label;
      at("new-name").select();
    });
    const closed = () => { at("renaming").hidden = true; at("rename").focus(); };
    at("rename-not").addEventListener("click", closed);
    at("renaming").addEventListener("keydown", (event) => { if (event.key === "Escape") closed(); });
    at("renaming").addEventListener("submit", (event) => {
      event.preventDefault();
      const from = this.label, to = at("new-name").value.trim();
      if (!to || to === from) { closed(); return; }
      this.renamed.set(from, to);
      attempt(async () => {
        const done = await send("classes/rename", { from, to }).finally(() => this.renamed.delete(from));
        if (this.label === from) this.label = to;
        if (this.label === to && !at("renaming").hidden) closed(); // or else somebody looks at another one
        return done;
      });
    });
    at("remove-class").addEventListener("click", () => {
      const name = this.label;
      attempt(async () => {
        const done = await send("classes/remove", { name });
        if (this.label === name) this.choose(undefined);
        const on = document.activeElement; // whoever went elsewhere stays there
        if (on === document.body || at("class-tools").contains(on)) at("undo").focus();
        return done;
      });
    });
    at("move-to").addEventListener("change", ({ target }) => {
      const [kind, name] = [target.value[0], target.value.slice(1)];
      target.value = "";
      if (kind) this.move(kind === "=" ? name : null);
    });
    at("enlarge").addEventListener("click", () => {
      const [{ id }] = this.grid.chosen(); // of which not all may be known here
      site.ask(`teach/pictures/${id}`).then((one) => this.open(one), (error) => complain(site.trouble(error)));
    });
    at("remove").addEventListener("click", () => this.remove());
    at("unselect").addEventListener("click", () => { this.grid.none(); at("grid").focus(); });
    at("select-all").addEventListener("click", () => this.grid.all());
    at("large-close").addEventListener("click", () => at("large").close());
    at("large").addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      this.grid.go(this.grid.active + step);
      const next = this.grid.known(this.grid.active);
      if (next) this.enlarge(next);
    });
  }

  // What is dropped anywhere goes to the class that is shown; onto a class, to that.
  dropping() {
    let depth = 0;
    const over = (on) => document.body.classList.toggle("over", on);
    const files = (event) => event.dataTransfer && !event.dataTransfer.types.includes(OURS);
    document.addEventListener("dragenter", (event) => { if (files(event)) { event.preventDefault(); depth += 1; over(true); } });
    document.addEventListener("dragleave", (event) => { if (files(event)) { depth = Math.max(0, depth - 1); if (!depth) over(false); } });
    document.addEventListener("dragover", (event) => { if (files(event)) event.preventDefault(); });
    document.addEventListener("drop", () => { depth = 0; over(false); }, { capture: true });
    document.addEventListener("drop", (event) => {
      if (event.defaultPrevented || !files(event)) return;
      event.preventDefault();
      if (!this.elsewhere(event.dataTransfer)) this.dropped(event.dataTransfer, this.shown ? this.label : undefined);
    });
    document.addEventListener("paste", (event) => {
      if (event.defaultPrevented || event.target.closest?.("input, textarea")) return;
      event.preventDefault();
      if (this.elsewhere(event.clipboardData) || !this.shown) return;
      taken(event.clipboardData, TAKES).then((found) => this.add(found, this.label));
    });
  }

  get shown() { return !at("collect").hidden; }

  dropped(transfer, label) {
    if (transfer.types.includes(OURS)) {
      if (label !== undefined) this.move(label);
    } else taken(transfer, TAKES).then((found) => this.add(found, label));
  }

  add({ files, notes = [] }, label) {
    if (notes.length) complain(notes.join(" "));
    if (files.length) this.upload.add(files, label);
  }

  show() { if (site.state()) this.update(site.state()); }

  choose(label) {
    this.label = label;
    at("renaming").hidden = true;
    if (site.state()) this.update(site.state());
  }

  update({ classes, unlabelled, total }) {
    const there = (label) => classes.some(({ name }) => name === label);
    if (this.label != null && !there(this.label)) {
      const to = this.renamed.get(this.label);
      this.label = there(to) ? to : undefined;
    }
    const { label } = this;
    if (this.shown) this.classes.mark(label);
    const number = label === undefined ? total : label === null ? unlabelled : classes.find(({ name }) => name === label).count;
    at("where").replaceChildren();
    bdi(at("where"), nameOf(label));
    at("where").append(`: ${count(number)}`);
    at("class-tools").hidden = label == null;
    at("drop-words").textContent = label === undefined
      ? "or paste them. A folder's name becomes their class; others have none yet."
      : `or paste them. They are added to “${apart(nameOf(label))}”.`;
    document.body.classList.toggle("started", total > 0);
    const options = [["", "Move to …"], ...classes.map(({ name }) => [`=${name}`, name]), ["-", nameOf(null)]];
    const now = options.map(([value]) => value).join("\n");
    if (now !== this.options) {
      this.options = now;
      at("move-to").replaceChildren(...options.map(([value, text]) => make(null, "option", { value, text })));
    }
    at("none").hidden = number > 0;
    at("none").textContent = total ? "No pictures here yet." : classes.length < 2
      ? "Name the classes that should be told apart, then add pictures of each. Pictures without a class can be labelled under Next."
      : "Add some pictures of each class; what has no class yet is asked about under Next.";
    for (const id of ["grid-help", "select-all", "selection"]) at(id).hidden = !number;
    this.grid.look(label, number);
    this.selection();
  }

  selection() {
    const { size } = this.grid?.picked ?? { size: 0 };
    at("selected").textContent = size ? `${count(size)} selected` : "Select pictures to move, enlarge or remove them.";
    at("selection-tools").hidden = !size;
    at("enlarge").hidden = size !== 1;
  }

  key(key) {
    const { classes } = site.state();
    if (/^[1-9]$/.test(key) && classes[key - 1]) this.move(classes[key - 1].name);
    else if (key === "Delete" || key === "Backspace") this.remove();
    else return false;
    return true;
  }

  move(label) {
    this.apply("Moving", (pictures) => change("label", pictures, { label }), (one) => one.label !== label);
  }

  remove() { this.apply("Removing", (pictures) => change("remove", pictures)); }

  async apply(verb, work, which = () => true) {
    const within = () => at("selection").contains(document.activeElement), began = within();
    const rows = await (this.grid.ranging ?? this.grid.chosen()); // of many that were just selected, all are meant
    // A second key may be of others that were selected meanwhile; of the same ones it was meant once.
    const pictures = rows.filter((one) => which(one) && !this.underway.has(one.id)), ids = pictures.map(({ id }) => id);
    if (!ids.length) return;
    for (const id of ids) this.underway.add(id);
    await attempt(async () => {
      const done = await work(pictures);
      if (began && within()) at("grid").focus();
      this.grid.unselect(rows.map(({ id }) => id)); // those too that were there already
      return done;
    }, `${verb} ${plural(ids.length, "picture")} …`);
    await this.grid.settled();
    for (const id of ids) this.underway.delete(id);
  }

  open(picture) {
    this.enlarge(picture);
    at("large").showModal();
  }

  enlarge(picture) {
    at("large-name").textContent = picture.name;
    at("large-picture").alt = picture.name;
    const [guess] = picture.guesses;
    const seems = guess ? ` It seems to be ${apart(guess[0])}, ${whole(guess[1])}.` : "";
    at("large-words").textContent = picture.broken || `${picture.label === null ? nameOf(null) : apart(picture.label)}.${seems}`;
    show(at("large-picture"), `teach/picture/${picture.id}`).then((good) => {
      if (!good) show(at("large-picture"), `teach/thumb/${picture.id}?size=448`);
    });
  }
}
