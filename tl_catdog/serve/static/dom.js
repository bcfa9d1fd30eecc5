// Small helpers for what is in the page. Texts of strangers (names, classes, errors) only ever
// become text nodes, never markup.

export const at = (id) => document.getElementById(id);

export function make(parent, tag, { text, name, ...attributes } = {}) {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (name) node.className = name;
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  parent?.append(node);
  return node;
}

export function button(parent, text, name, does) {
  const node = make(parent, "button", { text, name, type: "button" });
  node.addEventListener("click", does);
  return node;
}

// A name in whichever script, which doesn't turn the line around it.
export const bdi = (parent, text, name) => make(parent, "bdi", { text, name, dir: "auto" });

// The bars of an answer, the most probable first: five, and all of them when asked for.
export function bars(parent, probabilities, say, shown = 5) {
  const ranked = Object.entries(probabilities).sort((a, b) => b[1] - a[1]);
  const list = make(parent, "ul", { name: "bars" });
  const add = ([kind, part], to) => {
    const row = make(to, "li");
    bdi(row, kind, "kind");
    make(row, "span", { text: say(part), name: "number" });
    const bar = make(row, "span", { name: "bar", "aria-hidden": "true" });
    make(bar, "span").style.inlineSize = `${100 * part}%`;
  };
  for (const entry of ranked.slice(0, shown)) add(entry, list);
  if (ranked.length <= shown) return list;
  const more = make(parent, "details", { name: "all" });
  make(more, "summary", { text: `All ${ranked.length.toLocaleString("en")} classes` });
  more.addEventListener("toggle", () => {
    if (more.children.length > 1) return;
    const box = make(more, "div", {
      name: "scroll", tabindex: "0", role: "region", "aria-label": "All classes",
    });
    const rest = make(box, "ul", { name: "bars" });
    for (const entry of ranked) add(entry, rest);
  });
  return list;
}
