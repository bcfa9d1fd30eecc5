// How good it is: with its interval, of each class, and what would narrow it.

import { say } from "./announce.js";
import { at, bdi, make } from "./dom.js";
import { onState } from "./state.js";
import { count, estimate, percent, whole } from "./wording.js";


const QUIET = 20_000; // ms between two figures that are read out: nobody could listen to each

export class Figures {
  constructor() {
    this.spoken = "";
    this.at = 0;
    onState((state) => this.show(state));
  }

  show({ learned, unlabelled, total, learning }) {
    const found = learned?.accuracy;
    const box = at("accuracy");
    box.replaceChildren();
    if (found) {
      make(box, "strong", { text: percent(found.value) });
      box.append(" on new pictures, between ");
      make(box, "span", { text: percent(found.ci[0]), name: "nowrap" });
      box.append(" and ");
      make(box, "span", { text: percent(found.ci[1]), name: "nowrap" });
      if (learned.judged < learned.version) box.append(" (being judged anew)");
      const bar = at("range").firstElementChild;
      bar.style.insetInlineStart = `${100 * found.ci[0]}%`;
      bar.style.inlineSize = `${Math.max(1, 100 * (found.ci[1] - found.ci[0]))}%`;
      bar.style.setProperty("--value", `${100 * (found.value - found.ci[0]) / Math.max(0.01, found.ci[1] - found.ci[0])}%`);
    } else {
      make(box, "span", { text: "No figure yet.", name: "soft" });
    }
    at("range").hidden = at("headline").hidden = !found;
    // Where there is no room for the panel beside what somebody does.
    at("headline").replaceChildren();
    if (found) {
      at("headline").append("Right on ");
      make(at("headline"), "strong", { text: whole(found.value) });
      at("headline").append(` (${found.ci.map(whole).join("–").replace(" %", "")}) of new pictures`);
    }
    at("unlabelled").textContent = `${count(total - unlabelled)} with a class, ${count(unlabelled)} without`;
    at("words").replaceChildren(...(learned?.words ?? []).map((text) => make(null, "li", { text })));
    this.each(learned?.classes ?? []);
    if (found && learning.phase === "idle") this.speak(percent(found.value));
  }

  each(classes) {
    const judged = classes.filter(({ accuracy }) => accuracy);
    at("by-class").hidden = !judged.length;
    at("by-class").replaceChildren(...judged.map(({ name, accuracy, taken_for: other }) => {
      const row = make(null, "li");
      bdi(row, name);
      make(row, "span", { text: estimate(accuracy), name: "number" });
      if (other) {
        const words = make(row, "span", { name: "soft" });
        words.append("taken for ");
        bdi(words, other);
      }
      return row;
    }));
  }

  // A figure is read out once it stands, and not each of them.
  speak(text) {
    if (text === this.spoken || Date.now() - this.at < QUIET) return;
    if (this.spoken) say(`Right on ${text} of new pictures.`);
    Object.assign(this, { spoken: text, at: Date.now() });
  }
}
