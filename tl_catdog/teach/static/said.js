// What the names of pictures without a class say, or a table beside them: offered, done when asked for.

import { ask } from "./api.js";
import { at } from "./dom.js";
import { attempt, onState, send } from "./state.js";
import { count, named, plural } from "./wording.js";

let known = 0; // pictures without a class when it was asked for last

export function offerSaid() {
  const box = at("sorting");
  at("sort").addEventListener("click", async () => {
    box.hidden = true;
    if (await attempt(() => send("said"))) at("undo").focus();
  });
  // Not waited for: of thousands of names the answer takes a while, and what was done is shown before.
  onState(({ unlabelled }) => { offer(unlabelled); });

  async function offer(unlabelled) {
    const before = known;
    known = unlabelled;
    if (unlabelled === before || (unlabelled < before && box.hidden)) return;
    const said = unlabelled < 2 ? null : await ask("teach/said").catch(() => null);
    if (known !== unlabelled) return; // asked anew since
    box.hidden = !said;
    if (!said) return;
    const classes = said.classes.map(([name, pictures]) => `${name} (${count(pictures)})`);
    at("sorting-words").textContent = `${plural(said.pictures, "picture")} without a class can be sorted by ${said.where}: ${named(classes, "and", 6)}. Nothing is moved until you say so.`;
  }
}
