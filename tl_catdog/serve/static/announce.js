// What a screen reader hears: each answer where few come, how many of what where many do.

import { at } from "./dom.js";
import { plural } from "./wording.js";

const SPOKEN = 3; // answers of one moment that are read out
let heard = [];
let timer = 0;

export function say(text) {
  const box = at("said");
  // The same words twice would not be heard twice.
  box.textContent = box.textContent === text ? `${text}\u00a0` : text;
}

export function answered(card, left) {
  heard.push(card);
  clearTimeout(timer);
  timer = setTimeout(() => {
    const cards = heard;
    heard = [];
    const rest = left() ? `, ${left()} to go` : "";
    if (cards.length <= SPOKEN) {
      say(cards.map((item) => `${item.spoken()}, ${item.name}`).join("; ") + rest);
      return;
    }
    const kinds = new Map();
    for (const { kind } of cards) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    const most = [...kinds].sort((a, b) => b[1] - a[1]).slice(0, 5);
    say(`${plural(cards.length, "answer")}: ${most.map(([kind, n]) => `${n} ${kind}`).join(", ")}${rest}`);
  }, heard.length > 40 ? 0 : 600);
}
