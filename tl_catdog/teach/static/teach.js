// The page of `tl-catdog teach`: its tabs, and what all of them share.

import { mount as mountBurst } from "./burst.js";
import { takeToken } from "./api.js";
import { Classes } from "./classes.js";
import { Collect } from "./collect.js";
import { at, make } from "./dom.js";
import { Figures } from "./figures.js";
import { mount as mountKeep } from "./keep.js";
import { listen } from "./keys.js";
import { Next } from "./next.js";
import { offerSaid } from "./said.js";
import { complain, follow, onState, redo, refresh, site, undo } from "./state.js";
import { askForTokens } from "./token.js";
import { mount as mountTry } from "./try.js";

const PANELS = { collect: "collect", next: "next", try: "try-panel", keep: "keep-panel" };
const NAMES = Object.keys(PANELS);
let shown = "collect";

takeToken();
askForTokens();

const classes = new Classes({ chosen: (label) => { open("collect"); collect.choose(label); } });
const collect = new Collect(classes);
site.chosen = () => collect.label ?? null;
const next = new Next({ open, collect });
const burst = mountBurst(at("camera"), site);
const tabs = {
  collect: { show() { collect.show(); burst.show?.(); }, hide() { classes.mark(false); burst.hide?.(); } },
  next,
  try: mountTry(at("try-panel"), site),
  keep: mountKeep(at("keep-panel"), site),
};
collect.elsewhere = (transfer) => shown === "try" && Boolean(tabs.try.transfer) && (tabs.try.transfer(transfer), true);
new Figures();
offerSaid();

// Opens a tab; with `focus`, what is in it can be used by keys at once.
function open(name, { focus = false } = {}) {
  if (name !== shown) {
    tabs[shown].hide?.();
    shown = name;
    for (const one of NAMES) {
      at(PANELS[one]).hidden = one !== name;
      at(`tab-${one}`).setAttribute("aria-selected", String(one === name));
      at(`tab-${one}`).tabIndex = one === name ? 0 : -1;
    }
    document.body.dataset.tab = name;
    history.replaceState(null, "", `#${name}`);
    tabs[name].show?.();
  }
  if (focus) at(name === "next" ? "next-title" : `tab-${name}`).focus();
}

for (const name of NAMES) at(`tab-${name}`).addEventListener("click", () => open(name));
at("tabs").addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  event.stopPropagation();
  const name = NAMES[(NAMES.indexOf(shown) + step + NAMES.length) % NAMES.length];
  open(name);
  at(`tab-${name}`).focus();
});
// Whoever gave the token by keys goes on from there.
at("token-form").addEventListener("submit", () => setTimeout(() => {
  const { activeElement: on, body } = document;
  if (at("token-form").hidden && (on === body || at("token-form").contains(on))) at(`tab-${shown}`).focus();
}));
at("undo").addEventListener("click", undo);
at("redo").addEventListener("click", redo);
at("trouble-gone").addEventListener("click", () => { complain(""); at(`tab-${shown}`).focus(); });

onState((state) => {
  at("folder").textContent = `Teach ${state.folder}`;
  document.title = `Teach ${state.folder} · tl-catdog`;
  at("learning").textContent = state.failure ? `Nothing more is learned: ${state.failure}. What you do is kept; start the server again.` : (state.learning.words || (state.learned?.learned ? "Learned all there is." : "Nothing learned yet."));
  at("learning").classList.toggle("bad", Boolean(state.failure));
  at("notes").hidden = !state.notes.length;
  at("notes").replaceChildren(...state.notes.map((text) => make(null, "li", { text })));
  burst.update?.(state);
  for (const name of ["try", "keep"]) tabs[name].update?.(state);
});
listen({ open, next, shown: () => shown });

const asked = location.hash.slice(1);
document.body.dataset.tab = shown;
refresh().then(() => {
  if (NAMES.includes(asked)) open(asked);
  follow();
});
