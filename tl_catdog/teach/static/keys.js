// Keys of the whole page. What is typed into a field, and what a button or a list takes, stays its own.

import { redo, undo } from "./state.js";

const FIELDS = "input:not([type=checkbox], [type=radio], [type=button]), textarea, select, [contenteditable]";
const OWN = new Set([" ", "Enter"]); // a button's, a link's, a summary's

export function listen({ open, next, shown }) {
  addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (event.defaultPrevented || event.isComposing || event.altKey || document.querySelector("dialog[open]")) return;
    if (target.closest?.(FIELDS)) return;
    const small = key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      if (small !== "z" && small !== "y") return;
      event.preventDefault();
      if (small === "y" || event.shiftKey) redo(); else undo();
      return;
    }
    if (small === "u" && !event.repeat) undo();
    else if (small === "n" && shown() !== "next") open("next", { focus: true });
    else if (shown() !== "next" || event.repeat) return;
    else if (OWN.has(key) && target.closest?.("button, a, summary, video, [role=tab]")) return;
    else if (!next.key(small)) return;
    event.preventDefault();
  });
}
