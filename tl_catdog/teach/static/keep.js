// Keep: what was taught as a run, its report, comparisons and exports. Each is a command that is
// shown, so that whoever learned here can go on in a terminal.

import { say } from "./announce.js";
import { ask, token } from "./api.js";
import { bdi, button, make } from "./dom.js";
import { plural } from "./wording.js";

const EACH = 1000; // ms from one look at what is being done to the next
const KINDS = { train: "Training", export: "Exporting", report: "The report on", compare: "Comparing" };
const STATES = { running: "is under way", done: "is done", failed: "failed", stopped: "was stopped" };

const formatOf = ({ command }) => / --format (\S+)/.exec(command)?.[1] ?? "";
const to = (job) => (job.kind === "export" ? ` to ${formatOf(job)}` : "");

// Why a command failed, and what to do, in its own words: they are the last that it says.
function reason({ lines }) {
  const from = lines.findLastIndex((line) => line.startsWith("Error: "));
  return from < 0 ? "It ended without a word on why. Typed in a terminal, the command may say more."
    : lines.slice(from).join(" ").replace("Error: e", "E");
}

export function mount(section, site) {
  let open = false;
  let timer = 0;
  let looks = 0, lists = 0; // which look, which list of runs is the last
  let jobs = [];
  let said = new Map(); // job to the state that was told
  let looked = false;
  let listed = "";

  const form = make(section, "form", { name: "panel keeping" });
  make(form, "h3", { text: "Save as a run" });
  make(form, "p", { name: "soft", text: "The same run, to the bit, as the command below makes of this folder." });
  const row = make(form, "p", { name: "row" });
  const label = make(row, "label", { text: "Its name " });
  const name = make(label, "input", { autocomplete: "off", maxlength: "100", spellcheck: "false", placeholder: "taught" });
  const deeper = make(row, "label", { name: "switch" });
  const finetune = make(deeper, "input", { type: "checkbox" });
  make(deeper, "span", { text: "Train its upper part, too (minutes)" });
  make(row, "button", { name: "main", text: "Save as a run" });
  const typed = make(form, "p", { name: "row command" });
  const command = make(typed, "code");
  const copied = button(typed, "Copy", "", copy);

  const trouble = make(section, "p", { name: "bad", role: "alert" });
  const working = make(section, "section", { name: "panel jobs", "aria-label": "What is being done" });
  working.hidden = true;
  const saved = make(section, "section", { name: "panel runs" });
  make(saved, "h3", { text: "Runs" });
  const halves = make(saved, "ul", { "aria-label": "Trainings that were stopped" });
  halves.hidden = true;
  const none = make(saved, "p", { name: "soft", text: "None yet. A run is what the other commands read." });
  const list = make(saved, "ul");
  const compare = button(saved, "Compare those that are ticked", "", () => begin("compare", {
    runs: [...list.querySelectorAll("input:checked")].map((box) => box.value),
  }));
  const room = make(section, "p", { name: "soft" });
  const phone = make(section, "section", { name: "panel phone" });
  phone.hidden = true;

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    begin("runs", { name: name.value.trim() || null, finetune: finetune.checked });
  });
  for (const one of [name, finetune]) one.addEventListener("input", showCommand);
  list.addEventListener("change", () => {
    compare.disabled = list.querySelectorAll("input:checked").length < 2;
  });

  let words = "";
  function showCommand() {
    const wanted = name.value.trim() || "taught";
    const quoted = /^[\w.-]+$/.test(wanted) ? wanted : `'${wanted.replaceAll("'", "'\"'\"'")}'`;
    command.textContent = words.replace("--run NAME", () => `--run ${quoted}${finetune.checked ? " --finetune" : ""}`);
  }

  async function copy() {
    try {
      await navigator.clipboard.writeText(command.textContent);
      copied.textContent = "Copied";
      say("Copied");
    } catch { // without https browsers give no clipboard
      getSelection().selectAllChildren(command);
      copied.textContent = "Selected: press Ctrl-C";
    }
    setTimeout(() => { copied.textContent = "Copy"; }, 3000);
  }

  // What is asked again and again leaves what is said of trouble alone; a server that is gone is told of above.
  const quietly = (work) => work().catch((error) => {
    if (!(error instanceof TypeError)) trouble.textContent = site.trouble(error);
  });

  async function attempt(work) {
    trouble.textContent = "";
    try {
      return await work();
    } catch (error) {
      trouble.textContent = site.trouble(error);
      return null;
    }
  }

  async function begin(path, fields) {
    if (await attempt(() => site.send(path, fields))) await look();
  }

  async function runs() {
    const mine = lists += 1;
    const found = await quietly(() => ask("teach/runs"));
    if (!found || mine !== lists) return;
    words = found.command;
    showCommand();
    const shape = JSON.stringify(found);
    if (shape === listed) return;
    listed = shape;
    const ticked = new Set([...list.querySelectorAll("input:checked")].map((box) => box.value));
    const chosen = new Map([...list.querySelectorAll("select")].map((one) => [one.dataset.run, one.value]));
    const on = list.contains(document.activeElement) && nameOf(document.activeElement);
    list.replaceChildren();
    halves.replaceChildren();
    halves.hidden = !found.unfinished.length;
    for (const { name: run, word } of found.unfinished) showHalf(run, word);
    none.hidden = found.runs.length > 0;
    compare.hidden = found.runs.length < 2;
    compare.disabled = ticked.size < 2;
    for (const run of [...found.runs].reverse()) showRun(run.name, found.formats, ticked, chosen.get(run.name));
    if (on) ([...list.querySelectorAll("input, select, button")].find((one) => nameOf(one) === on) ?? name).focus();
  }
  const nameOf = (node) => node.getAttribute("aria-label") ?? node.value;

  // A training that was stopped or killed: its pictures have to be what they were.
  function showHalf(run, word) {
    const item = make(halves, "li", { name: "row run" });
    const text = make(item, "span");
    text.append("The training of ");
    bdi(text, run);
    text.append(" was stopped before its end");
    button(item, "Go on", "", () => begin("resume", { word })).setAttribute("aria-label", `Go on with ${run}`);
  }

  function showRun(run, formats, ticked, chosen) {
    const item = make(list, "li", { name: "row run" });
    const label = make(item, "label", { name: "row" });
    const box = make(label, "input", { type: "checkbox", value: run });
    box.checked = ticked.has(run);
    bdi(label, run);
    const format = make(item, "select", { "aria-label": `Format to export ${run} to`, "data-run": run });
    for (const kind of formats) make(format, "option", { text: kind, value: kind });
    if (chosen) format.value = chosen;
    const named = (node, what) => node.setAttribute("aria-label", `${what} ${run}`);
    named(button(item, "Export", "", () => begin("exports", { run, format: format.value })), "Export");
    named(button(item, "Report", "", () => begin("reports", { run })), "Report on");
  }

  async function look() {
    clearTimeout(timer);
    const mine = looks += 1;
    const found = await quietly(() => ask("teach/jobs"));
    if (mine !== looks) return; // the later one goes on
    if (found) {
      jobs = found.jobs;
      showJobs();
      if (open) await runs();
    }
    const busy = jobs.some(({ state }) => state === "running");
    if (open && (busy || !found)) timer = setTimeout(look, EACH);
  }

  // Only what changed is written anew: whoever is on a button there stays on it.
  function showJobs() {
    working.hidden = !jobs.length;
    const there = new Set(jobs.map(({ id }) => id));
    for (const node of [...working.children]) if (!there.has(node.dataset.id)) node.remove();
    for (const job of [...jobs].reverse()) {
      let node = [...working.children].find((child) => child.dataset.id === job.id);
      if (!node) {
        node = make(null, "article");
        node.dataset.id = job.id;
        for (const older of working.querySelectorAll("details")) older.open = false;
        working.prepend(node);
      }
      const shape = JSON.stringify([job.state, job.lines]);
      if (node.dataset.shape !== shape || job.state === "running") showJob(node, job);
      node.dataset.shape = shape;
      const head = `${KINDS[job.kind]} ${job.run}${to(job)} ${STATES[job.state]}`;
      const before = said.get(job.id) ?? (looked ? "" : job.state);
      if (before !== job.state && job.state !== "failed") say(head); // an alert tells of what failed
      said.set(job.id, job.state);
    }
    looked = true;
  }

  function showJob(node, job) {
    if (node.dataset.state !== job.state) {
      const inside = node.contains(document.activeElement);
      node.dataset.state = job.state;
      node.replaceChildren();
      const head = make(node, "h3");
      head.append(`${KINDS[job.kind]} `);
      bdi(head, job.run);
      head.append(`${to(job)} ${STATES[job.state]}`);
      if (job.state === "failed") make(node, "p", { name: "bad", role: "alert", text: reason(job) });
      make(node, "p", { name: "soft seconds" });
      make(make(node, "p", { name: "command" }), "code", { text: job.command });
      const more = make(node, "details");
      more.open = node === working.firstElementChild && job.state !== "failed";
      make(more, "summary", { text: "What it says" });
      make(more, "pre", { tabindex: "0", role: "region", "aria-label": `What ${job.kind} says` });
      const row = make(node, "p", { name: "row" });
      if (job.state === "running") button(row, "Stop it", "", () => begin(`jobs/${job.id}/cancel`, {}));
      if (job.download) {
        const what = job.kind === "report" ? "Save the report" : "Download";
        button(row, what, "main", () => attempt(() => download(job)));
      }
      if (inside) (row.querySelector("button") ?? name).focus();
    }
    const shown = job.kind === "compare" || job.state === "failed" ? job.lines : job.lines.slice(-12);
    const seconds = plural(Math.round(job.seconds), "second");
    node.querySelector(".seconds").textContent = seconds;
    const pre = node.querySelector("pre");
    const text = shown.join("\n");
    pre.parentNode.hidden = !text;
    if (pre.textContent !== text) pre.textContent = text;
  }

  // By a link, so that nothing large is held here; where there is a token, only a request has it.
  async function download(job) {
    const path = `teach/exports/${job.id}`;
    const file = job.kind === "report" ? `${job.run}.html` : `${job.run}-${formatOf(job)}.zip`;
    const link = make(null, "a", { download: file });
    if (token()) {
      const answer = await fetch(path, { headers: { Authorization: `Bearer ${token()}` } });
      if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).error ?? `The server says ${answer.status}`);
      link.href = URL.createObjectURL(await answer.blob());
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    } else link.href = path;
    document.body.append(link); // Firefox follows only links of the page
    link.click();
    link.remove();
  }

  async function weigh() {
    const found = await ask("teach/room").catch(() => null);
    room.textContent = found?.words ?? "";
  }

  async function share() {
    const found = await ask("teach/share").catch(() => null);
    if (!found?.others) return;
    phone.replaceChildren();
    make(phone, "h3", { text: "On a phone in the same network" });
    const code = make(phone, "img", { alt: "The address as a code for a phone's camera", name: "code" });
    make(make(phone, "p"), "code", { text: found.address });
    make(phone, "p", { name: "soft", text: "Whoever has this address may change the folder." });
    phone.hidden = false;
    const headers = token() ? { Authorization: `Bearer ${token()}` } : {};
    const answer = await fetch("teach/share.svg", { headers }).catch(() => null);
    if (answer?.ok) code.src = URL.createObjectURL(await answer.blob());
    else code.remove();
  }

  share();
  return {
    update() { if (open) runs(); },
    show() { open = true; look(); weigh(); },
    hide() { open = false; clearTimeout(timer); },
  };
}
