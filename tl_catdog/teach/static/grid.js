// Pictures as tiles: of ten thousand only those in view are in the page, and of what is known of them
// only the parts that were looked at last. Pictures are selected by hand and by keys.

import { ask, trouble } from "./api.js";
import { at, make } from "./dom.js";
import { complain, show } from "./state.js";
import { apart, count, whole } from "./wording.js";

const TILE = 124; // pixels of a tile with the gap around it, at least
const CHUNK = 100; // pictures that are asked for at a time
const CHUNKS = 12; // and how many of such parts are kept
const REST = 90; // ms for which a tile is in view before its picture is asked for
const BESIDE = 2; // rows above and below what is in view

export class Grid {
  // onPick() is told when the selection changes, onOpen(picture, place) which picture is wanted large.
  constructor({ onPick, onOpen, onKey }) {
    Object.assign(this, { onPick, onOpen, onKey, label: undefined, total: 0, active: 0, anchor: 0, round: 0 });
    this.box = at("grid");
    this.sheet = make(this.box, "div", { role: "presentation", name: "sheet" });
    this.tiles = new Map(); // place → tile
    this.chunks = new Map(); // number of the part → pictures, the last one that was asked for last
    this.old = new Map(); // as they were before the last change, until they are asked for anew
    this.asked = new Set();
    this.loads = new Set(); // what is being asked for, as promises
    this.picked = new Map(); // id → picture, as it was seen
    this.box.addEventListener("scroll", () => this.paint(), { passive: true });
    this.box.addEventListener("keydown", (event) => this.key(event));
    this.box.addEventListener("focus", () => this.mark());
    this.box.addEventListener("click", (event) => this.click(event));
    this.box.addEventListener("dblclick", (event) => this.open(this.placeOf(event)));
    this.box.addEventListener("dragstart", (event) => this.drag(event));
    new ResizeObserver(() => this.measure()).observe(this.box);
  }

  // Shows a class, null for what has none, or undefined for all; `total` is how many it has.
  look(label, total) {
    if (label !== this.label) {
      this.label = label;
      this.chunks.clear();
      this.old.clear();
      this.active = this.anchor = 0;
      this.picked.clear();
      this.box.scrollTop = 0;
      this.onPick();
    } else {
      for (const [number, pictures] of this.chunks) this.old.set(number, pictures);
      this.chunks = new Map();
    }
    this.round += 1;
    this.asked.clear();
    this.total = total;
    this.active = Math.max(0, Math.min(this.active, total - 1));
    this.box.hidden = !total;
    this.measure();
  }

  measure() {
    const width = this.box.clientWidth;
    if (!width) return;
    this.columns = Math.max(3, Math.floor(width / TILE));
    this.side = Math.floor(width / this.columns);
    this.sheet.style.blockSize = `${Math.ceil(this.total / this.columns) * this.side}px`;
    for (const [place, tile] of this.tiles) this.put(place, tile);
    this.paint();
  }

  put(place, { node }) {
    node.style.inlineSize = node.style.blockSize = `${this.side}px`;
    node.style.transform = `translate(${(place % this.columns) * this.side}px, ${Math.floor(place / this.columns) * this.side}px)`;
  }

  paint() {
    if (!this.columns) return;
    const top = Math.floor(this.box.scrollTop / this.side) - BESIDE;
    const rows = Math.ceil(this.box.clientHeight / this.side) + 2 * BESIDE;
    const from = Math.max(0, top * this.columns), to = Math.min(this.total, (top + rows + 1) * this.columns);
    for (const [place, tile] of this.tiles) if (place < from || place >= to) this.drop(place, tile);
    for (let place = from; place < to; place += 1) {
      let tile = this.tiles.get(place);
      if (!tile) this.tiles.set(place, tile = this.tile(place));
      this.fill(tile, place);
    }
    for (let part = Math.floor(from / CHUNK); part * CHUNK < to; part += 1) this.load(part);
    this.mark();
  }

  known(place) {
    const part = Math.floor(place / CHUNK);
    return (this.chunks.get(part) ?? this.old.get(part))?.[place % CHUNK];
  }

  load(part) {
    if (this.chunks.has(part) || this.asked.has(part)) return;
    this.asked.add(part);
    const load = this.fetch(part).finally(() => this.loads.delete(load));
    this.loads.add(load);
  }

  // Settled once what is shown is as it was when this was asked, or newer.
  settled() { return Promise.all(this.loads); }

  async fetch(part) {
    const { round, label } = this;
    try {
      const { pictures } = await ask(`teach/pictures?${this.query(part * CHUNK, CHUNK)}`);
      if (label !== this.label) return;
      // Of before the last change it is better than nothing: where changes come fast, no answer is in time.
      const late = round !== this.round;
      if (late && this.chunks.has(part)) return;
      (late ? this.old : this.chunks).set(part, pictures);
      if (!late) this.old.delete(part);
      for (const parts of [this.chunks, this.old]) {
        for (const first of parts.keys()) if (parts.size > CHUNKS) parts.delete(first);
      }
      this.paint();
    } catch (error) {
      if (!(error instanceof TypeError)) complain(trouble(error));
    } finally {
      if (round === this.round) this.asked.delete(part);
    }
  }

  query(offset, limit) {
    const query = new URLSearchParams({ offset, limit });
    if (this.label !== undefined) query.set("class", this.label ?? "");
    return query;
  }

  tile(place) {
    const node = make(this.sheet, "div", { role: "option", name: "tile", id: `tile-${place}`, draggable: "true" });
    const image = make(node, "img", { alt: "", draggable: "false" });
    const tile = { node, image, words: make(node, "span", { name: "badge" }), id: null };
    this.put(place, tile);
    return tile;
  }

  fill(tile, place) {
    const picture = this.known(place), { node } = tile;
    node.setAttribute("aria-setsize", this.total);
    node.setAttribute("aria-posinset", place + 1);
    node.setAttribute("aria-selected", String(Boolean(picture && this.picked.has(picture.id))));
    if (!picture) { node.setAttribute("aria-label", "Not loaded yet"); return; }
    const [guess] = picture.guesses;
    const other = guess && guess[0] !== picture.label ? `${apart(guess[0])} ${whole(guess[1])}` : "";
    tile.words.textContent = picture.broken ? "can't be read" : other && (picture.label === null || guess[1] > 0.5) ? other : "";
    tile.words.classList.toggle("warn", Boolean(picture.broken || (picture.label !== null && tile.words.textContent)));
    const about = [picture.name, picture.label === null ? "without a class" : apart(picture.label), picture.broken ? "can't be read" : other && `seems ${other}`];
    node.setAttribute("aria-label", about.filter(Boolean).join(", "));
    if (tile.id === picture.id) return;
    this.free(tile);
    tile.id = picture.id;
    tile.stop = new AbortController();
    tile.timer = setTimeout(async () => {
      const { signal } = tile.stop;
      const good = await show(tile.image, `teach/thumb/${picture.id}?size=224`, signal);
      if (!signal.aborted) node.classList.toggle("unshown", !good);
    }, REST);
  }

  free(tile) {
    clearTimeout(tile.timer);
    tile.stop?.abort();
    if (tile.image.src.startsWith("blob:")) URL.revokeObjectURL(tile.image.src);
    tile.image.removeAttribute("src"); // what isn't looked at any more isn't asked for either
    tile.node.classList.remove("unshown");
  }

  drop(place, tile) {
    this.free(tile);
    tile.node.remove();
    this.tiles.delete(place);
  }

  // Tells readers and eyes which tile the keys are at.
  mark() {
    for (const [place, { node }] of this.tiles) node.classList.toggle("active", place === this.active);
    if (this.tiles.has(this.active)) this.box.setAttribute("aria-activedescendant", `tile-${this.active}`);
    else this.box.removeAttribute("aria-activedescendant");
  }

  go(place, { extend = false } = {}) {
    this.active = Math.max(0, Math.min(this.total - 1, place));
    const top = Math.floor(this.active / this.columns) * this.side;
    const { scrollTop, clientHeight } = this.box;
    if (top < scrollTop) this.box.scrollTop = top;
    else if (top + this.side > scrollTop + clientHeight) this.box.scrollTop = top + this.side - clientHeight;
    this.paint();
    if (extend) this.range(this.anchor, this.active);
    else this.anchor = this.active;
  }

  key(event) {
    const { key } = event, row = this.columns, page = row * Math.max(1, Math.floor(this.box.clientHeight / this.side));
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: row, ArrowUp: -row, PageDown: page, PageUp: -page };
    if (event.altKey) return;
    if ((event.ctrlKey || event.metaKey) && key.toLowerCase() === "a") this.all();
    else if (event.ctrlKey || event.metaKey) return;
    else if (key in steps) this.go(this.active + steps[key], { extend: event.shiftKey });
    else if (key === "Home") this.go(0, { extend: event.shiftKey });
    else if (key === "End") this.go(this.total - 1, { extend: event.shiftKey });
    else if (key === " ") { this.toggle(this.active); this.anchor = this.active; }
    else if (key === "Enter") this.open(this.active);
    else if (key === "Escape" && this.picked.size) this.none();
    else if (!this.onKey(key)) return;
    event.preventDefault();
  }

  placeOf(event) {
    const node = event.target.closest?.(".tile");
    return node ? Number(node.id.slice(5)) : -1;
  }

  click(event) {
    const place = this.placeOf(event);
    if (place < 0) return;
    const several = event.ctrlKey || event.metaKey || event.pointerType === "touch";
    if (event.shiftKey) { this.active = place; this.range(this.anchor, place); return; }
    if (!several) { this.wish = this.ranging = null; this.picked.clear(); }
    this.active = this.anchor = place;
    this.toggle(place);
  }

  toggle(place) {
    if (this.ranging) { this.ranging.then(() => this.toggle(place)); return; }
    const picture = this.known(place);
    if (!picture) return;
    if (!this.picked.delete(picture.id)) this.picked.set(picture.id, picture);
    this.paint();
    this.onPick();
  }

  // Selects from one to another, also those that aren't known yet. What is known of those out of view
  // may be of before the last change: unless all are in view, all are asked for, as of one moment.
  range(one, other) {
    const from = Math.min(one, other), number = Math.max(one, other) + 1 - from, wish = this.wish = {};
    const here = (place) => this.chunks.get(Math.floor(place / CHUNK))?.[place % CHUNK];
    const picked = (rows) => {
      this.picked = new Map(rows.map(({ id, mark, label }) => [id, { id, mark, label }]));
      this.paint();
      this.onPick();
    };
    const rows = number > CHUNK ? [null] : Array.from({ length: number }, (_, step) => here(from + step));
    this.ranging = null;
    if (rows.every(Boolean)) { picked(rows); return; }
    this.ranging = ask(`teach/listed?${this.query(from, number)}`).then(({ pictures }) => {
      const found = pictures.map(([id, mark, label]) => ({ id, mark, label }));
      if (wish === this.wish) { // or else somebody selects something else meanwhile
        this.ranging = null;
        picked(found);
      }
      return found;
    }, (error) => {
      if (wish === this.wish) this.ranging = null;
      complain(trouble(error));
      return [];
    });
  }

  all() { if (this.total) this.range(0, this.total - 1); }

  // Lets go of some; what was selected since stays.
  unselect(ids) {
    for (const id of ids) this.picked.delete(id);
    this.paint();
    this.onPick();
  }

  none() {
    this.wish = this.ranging = null;
    this.picked.clear();
    this.paint();
    this.onPick();
  }

  // The selected ones; or the one that the keys are at.
  chosen() {
    if (this.picked.size) return [...this.picked.values()];
    const here = this.known(this.active);
    return here ? [here] : [];
  }

  open(place) {
    const picture = this.known(place);
    if (picture) this.onOpen(picture, place);
  }

  drag(event) {
    const place = this.placeOf(event), picture = this.known(place);
    if (!picture) { event.preventDefault(); return; }
    if (!this.picked.has(picture.id)) { this.picked.clear(); this.active = this.anchor = place; this.toggle(place); }
    event.dataTransfer.setData("text/x-teach", count(this.picked.size));
    event.dataTransfer.effectAllowed = "move";
  }
}
