// The classes with their counts: chosen to be looked at, dropped onto, added.

import { at, bdi, make } from "./dom.js";
import { attempt, onState, send } from "./state.js";
import { count } from "./wording.js";

// What may be looked at: a class by its name, null for what has none, undefined for all.
export const nameOf = (label) => (label === undefined ? "All pictures" : label ?? "Without a class");

export class Classes {
  // chosen(label) is told what somebody wants to see; `onDrop(transfer, label)` what falls where.
  constructor({ chosen }) {
    this.chosen = chosen;
    this.rows = new Map();
    this.onDrop = () => {};
    this.label = undefined;
    at("new-class").addEventListener("submit", (event) => {
      event.preventDefault();
      const name = at("class-name").value.trim();
      if (!name) return;
      at("class-name").value = ""; // for the next one, which may be typed before the answer is there
      attempt(() => send("classes", { name }).catch((error) => {
        at("class-name").value ||= name;
        throw error;
      }));
    });
    onState((state) => this.show(state));
  }

  show({ classes, unlabelled, total }) {
    const order = [...classes.map(({ name, count: n }) => [name, n]), [null, unlabelled], [undefined, total]];
    const old = this.rows;
    this.rows = new Map();
    const shown = order.map(([label, number], place) => {
      const row = old.get(label) ?? this.row(label);
      old.delete(label);
      this.rows.set(label, row);
      row.number.textContent = count(number);
      row.key.textContent = label != null && place < 9 ? place + 1 : "";
      return row.item;
    });
    for (const { item } of old.values()) item.remove();
    // Only what moved is put elsewhere: whatever has the focus keeps it.
    const lists = [[at("classes"), shown.slice(0, -2)], [at("others"), shown.slice(-2)]];
    for (const [list, items] of lists) {
      items.forEach((item, place) => { if (list.children[place] !== item) list.insertBefore(item, list.children[place] ?? null); });
    }
    this.mark(this.label);
  }

  row(label) {
    const item = make(null, "li");
    const opener = make(item, "button", { type: "button", name: "kind" });
    const key = make(opener, "kbd", { "aria-hidden": "true" });
    bdi(opener, nameOf(label), "name");
    opener.append(" ");
    const number = make(opener, "span", { name: "number" });
    opener.addEventListener("click", () => this.chosen(label));
    for (const kind of ["dragenter", "dragover"]) {
      opener.addEventListener(kind, (event) => { event.preventDefault(); opener.classList.add("under"); });
    }
    opener.addEventListener("dragleave", () => opener.classList.remove("under"));
    opener.addEventListener("drop", (event) => {
      event.preventDefault();
      event.stopPropagation();
      opener.classList.remove("under");
      this.onDrop(event.dataTransfer, label);
    });
    return { item, opener, key, number };
  }

  // Marks which of them is looked at; false: none is.
  mark(label) {
    this.label = label;
    for (const [name, { opener }] of this.rows) {
      if (name === label) opener.setAttribute("aria-current", "true");
      else opener.removeAttribute("aria-current");
    }
  }
}
