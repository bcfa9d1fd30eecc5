// Files on their way to the folder: some at a time, with what was refused by name. A server that is
// gone is waited for: what it has already isn't added twice.

import { at, make } from "./dom.js";
import { TAB, complain, refresh, site, told } from "./state.js";
import { count, plural } from "./wording.js";

const FILES = 50; // of a request
const BYTES = 24e6; // about; a larger file goes alone
const MOST_TOLD = 500;

export class Upload {
  constructor() {
    this.waiting = []; // [file, label]
    this.sent = this.total = this.added = 0;
    this.known = 0;
    at("upload-stop").addEventListener("click", () => { this.waiting = []; this.stop?.abort(); at("choose").focus(); });
    window.addEventListener("beforeunload", (event) => { if (this.running) event.preventDefault(); });
  }

  // label: a class, null for none, or undefined where the folders of the files say it.
  add(files, label) {
    for (const file of files) this.waiting.push([file, label]);
    this.total += files.length;
    this.begin();
  }

  begin() {
    this.running ??= this.run().finally(() => {
      this.running = null;
      if (this.waiting.length) this.begin(); // came as the last ones were told
    });
  }

  // The next files that go together.
  batch() {
    const [[, label]] = this.waiting, files = [];
    let bytes = 0;
    while (this.waiting.length && files.length < FILES) {
      const [file, to] = this.waiting[0];
      if (to !== label || (files.length && bytes + file.size > BYTES)) break;
      bytes += file.size;
      files.push(file);
      this.waiting.shift();
    }
    return { files, label };
  }

  async run() {
    Object.assign(this, { sent: 0, added: 0, known: 0, refused: [] });
    this.stop = new AbortController();
    at("refused").hidden = true;
    while (this.waiting.length && !this.stop.signal.aborted) {
      this.show();
      const { files, label } = this.batch();
      try {
        const done = await this.post(files, label);
        this.added += done.ids.length;
        this.known += done.known.length;
        this.refused.push(...done.refused);
      } catch (error) {
        if (this.stop.signal.aborted) break;
        // What a browser can't read isn't the server's fault.
        this.refused.push(...files.map((file) => [file.within || file.name, site.trouble(error)]));
        complain(site.trouble(error));
      }
      this.sent += files.length;
      refresh();
    }
    const stopped = this.stop.signal.aborted ? "Stopped. " : "";
    at("upload").hidden = true;
    const there = this.known ? `; ${count(this.known)} were there already` : "";
    told(`${stopped}${plural(this.added, "picture")} added${there}${this.refused.length ? `; ${count(this.refused.length)} not taken` : ""}.`);
    this.list();
    this.total = this.waiting.length;
    await refresh();
  }

  async post(files, label) {
    const query = new URLSearchParams({ tab: TAB });
    if (label === undefined) query.set("folders", "1");
    else if (label !== null) query.set("class", label);
    for (let lost = 0; ; lost += 1) {
      const form = new FormData();
      for (const file of files) form.append("files", file, file.within || file.name || "pasted.png");
      try {
        return await site.ask(`teach/pictures?${query}`, { method: "POST", body: form, signal: this.stop.signal });
      } catch (error) {
        if (!(error instanceof TypeError) || lost > 2) throw error;
        await site.lost();
      }
    }
  }

  show() {
    at("upload").hidden = false;
    at("upload-words").textContent = `Adding ${plural(this.total, "file")}: ${count(this.sent)} done`;
    if (this.total > 1) at("upload-bar").value = this.sent / this.total;
    else at("upload-bar").removeAttribute("value");
  }

  list() {
    at("refused").hidden = !this.refused.length;
    at("refused-title").textContent = `${plural(this.refused.length, "file")} not taken`;
    at("refused-list").replaceChildren(...this.refused.slice(0, MOST_TOLD).map(([name, why]) => make(null, "li", { text: `${name}: ${why}` })));
    if (this.refused.length && this.refused.length < 4) at("refused").open = true;
  }
}
