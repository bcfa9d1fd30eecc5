// All answers: in an order, filtered, removed and put back.

import { at, make } from "./dom.js";
import { say } from "./announce.js";
import { count, plural } from "./wording.js";

const ORDERS = {
  newest: (a, b) => b.batch - a.batch || a.number - b.number,
  doubt: (a, b) => rank(a) - rank(b) || (a.top ?? 0) - (b.top ?? 0) || ORDERS.newest(a, b),
  name: (a, b) => a.name.localeCompare(b.name, "en", { numeric: true }) || ORDERS.newest(a, b),
};
// What is unsure before what is not, then what can't be read, then what isn't answered yet.
const rank = ({ row }) => (!row ? 3 : row.error ? 2 : row.doubt ? 0 : 1);

const CROWD = 60; // from so many cards on those out of view aren't laid out

export class Gallery {
  // onGone(cards) and onBack(cards) are told when cards leave and come again.
  constructor({ onGone, onBack }) {
    Object.assign(this, { onGone, onBack, cards: [], batches: 0, removed: null });
    this.list = at("answers");
    at("sort").addEventListener("change", () => this.arrange());
    at("filter").addEventListener("change", () => this.filter());
    at("clear").addEventListener("click", () => this.clear());
    at("undo").addEventListener("click", () => this.undo());
    document.addEventListener("keydown", (event) => {
      const typing = event.target.closest?.("input, textarea");
      if (this.removed && !typing && (event.ctrlKey || event.metaKey) && event.key === "z") {
        event.preventDefault();
        this.undo();
      }
    });
  }

  add(cards) {
    this.batches += 1;
    cards.forEach((card, number) => Object.assign(card, { batch: this.batches, number }));
    this.cards.push(...cards);
    const items = cards.map(({ item }) => item);
    // New ones come first, whatever the order: it is made again when all are answered.
    this.list.prepend(...items);
    this.changed();
  }

  arrange() {
    this.cards.sort(ORDERS[at("sort").value]);
    const focused = document.activeElement;
    this.list.append(...this.cards.map(({ item }) => item));
    if (focused && focused !== document.activeElement) focused.focus({ preventScroll: true });
  }

  // The classes that were answered so far, with their counts, as what can be chosen.
  changed() {
    const chosen = at("filter").value;
    const counts = new Map();
    for (const { kind } of this.cards) if (kind) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    const options = [["", `all ${count(this.cards.length)}`]];
    for (const [kind, n] of [...counts].sort((a, b) => b[1] - a[1])) options.push([`=${kind}`, `${kind} (${n})`]);
    at("filter").replaceChildren(...options.map(([value, text]) => make(null, "option", { value, text })));
    at("filter").value = options.some(([value]) => value === chosen) ? chosen : "";
    at("results").hidden = !this.cards.length;
    document.body.classList.toggle("started", this.cards.length > 0);
    this.list.classList.toggle("one", this.cards.length === 1);
    this.list.classList.toggle("crowd", this.cards.length > CROWD);
    for (const id of ["sorting", "filtering"]) at(id).hidden = this.cards.length < 2;
    this.filter();
  }

  filter() {
    const wanted = at("filter").value.slice(1);
    for (const { item, kind } of this.cards) item.hidden = Boolean(wanted) && kind !== wanted;
  }

  remove(card) {
    const shown = [...this.list.children].filter((item) => !item.hidden);
    const place = shown.indexOf(card.item);
    const beside = shown[place + 1] ?? shown[place - 1];
    this.take([card], `Removed ${card.name}.`);
    const next = this.cards.find(({ item }) => item === beside);
    (next?.gone ?? at("undo")).focus();
  }

  clear() {
    this.take([...this.cards], `Cleared ${plural(this.cards.length, "picture")}.`);
    at("undo").focus();
  }

  take(cards, words) {
    this.forget();
    const gone = new Set(cards);
    this.removed = cards;
    this.cards = this.cards.filter((card) => !gone.has(card));
    for (const { item } of cards) item.remove();
    this.onGone(cards);
    at("undo-words").textContent = words;
    at("undoing").hidden = false;
    say(`${words} It can be undone.`);
    this.changed();
  }

  undo() {
    const cards = this.removed ?? [];
    this.removed = null;
    at("undoing").hidden = true;
    this.cards.push(...cards);
    this.list.append(...cards.map(({ item }) => item));
    this.changed();
    this.arrange();
    this.onBack(cards);
    say(`Put back: ${plural(cards.length, "picture")}.`);
    cards[0]?.title.focus();
  }

  // What was removed before can't be put back any more.
  forget() {
    for (const card of this.removed ?? []) card.free();
    this.removed = null;
    at("undoing").hidden = true;
  }
}
