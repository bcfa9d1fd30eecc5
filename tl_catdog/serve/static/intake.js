// Pictures in: chosen, dropped (files, folders, what other pages show) or pasted.
// Whatever comes, something is said: what was left out, and why.

import { count, plural } from "./wording.js";

export const MOST = 2000; // pictures at a time; more are for the command line
const ARCHIVE = /\.(zip|tar|tar\.gz|tgz)$/i;
// What a page takes: how many, whether archives of pictures too, and what the rest is told.
const TAKES = { most: MOST, archives: false, more: "can be answered by: tl-catdog predict FOLDER" };
const DEEPEST = 16; // folders within folders
const ENTRIES = 10; // looked at for each that is taken, in what is dropped
const SUFFIX = /\.(jpe?g|jpe|jfif|png|gif|webp|bmp|dib|tiff?|avifs?|hei[cf]s?|jp2|j2k|jpx|mpo|p[bgpn]m|tga|ico|jxl)$/i;
const SYSTEM = /^(\.|__MACOSX$|Thumbs\.db$|desktop\.ini$|@eaDir$)/i;

const isPicture = (file) => SUFFIX.test(file.name) || file.type.startsWith("image/");
const suffix = (name) => (/\.[^.]{1,12}$/.exec(name)?.[0] ?? "no suffix").toLowerCase();

// Returns {files, notes}: the pictures among them, and a line for each thing to be said. Of files
// that somebody took by hand those without a suffix may be pictures: the server says what they are.
export function sorted(given, { folder = false, left = false, takes = TAKES } = {}) {
  const { most, archives, more } = takes;
  const fits = (file) => isPicture(file) || (archives && ARCHIVE.test(file.name)) || (!folder && !file.type && !file.name.includes("."));
  const files = [], others = new Map(), odd = [];
  let hidden = 0, surplus = 0;
  for (const file of given) {
    if (SYSTEM.test(file.name)) hidden += 1;
    else if (!fits(file)) {
      odd.push(file.name);
      others.set(suffix(file.name), (others.get(suffix(file.name)) ?? 0) + 1);
    } else if (files.length < most) files.push(file);
    else surplus += 1;
  }
  const notes = [];
  if (odd.length && odd.length <= 2) {
    for (const name of odd) notes.push(`${name} isn't a picture.`);
  } else if (odd.length) {
    const kinds = [...others].sort().map(([kind, number]) => `${count(number)} × ${kind}`);
    notes.push(`Left out, as they aren't pictures: ${kinds.slice(0, 6).join(", ")}${kinds.length > 6 ? " …" : ""}.`);
  }
  if (surplus || left) {
    const rest = left ? "the rest of so large a folder" : plural(surplus, "more picture");
    notes.push(`${count(most)} pictures are taken at a time; ${rest} ${more}`);
  }
  if (!files.length && !notes.length) {
    notes.push(hidden ? "No pictures there, only a system's own files." : "No pictures there.");
  }
  return { files, notes };
}

const asFile = (entry) => new Promise((go, stop) => entry.file(go, stop));
const batch = (reader) => new Promise((go, stop) => reader.readEntries(go, stop));

// All files below what was dropped, folder by folder, in the order of their names.
async function walk(entries, most) {
  const found = [], unread = [];
  let looked = 0, pictures = 0, left = false;
  const full = () => pictures > most || looked > ENTRIES * most;
  async function into(entry, depth) {
    if (full()) { left = true; return; }
    looked += 1;
    try {
      if (entry.isFile) {
        const file = await asFile(entry);
        // The path within what was dropped, as a folder has many 0001.jpg.
        file.within = entry.fullPath.replace(/^\//, "");
        if (!SYSTEM.test(file.name) && isPicture(file)) pictures += 1;
        found.push(file);
        return;
      }
      if (depth >= DEEPEST) { left = true; return; }
      if (depth && SYSTEM.test(entry.name)) return;
      const reader = entry.createReader(), inside = [];
      for (let more = await batch(reader); more.length && !full(); more = await batch(reader)) {
        inside.push(...more); // a browser gives a hundred at a time
        looked += more.length ? 1 : 0;
      }
      inside.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
      for (const item of inside) await into(item, depth + 1);
    } catch {
      unread.push(entry.name);
    }
  }
  for (const entry of entries) await into(entry, 0);
  return { found, unread, left };
}

// "data:image/png;base64,…" as a file; not by fetch, which the page may only send to its server.
export function fromDataUri(uri) {
  const match = /^data:(image\/[\w.+-]+);base64,([A-Za-z0-9+/=\s]+)$/.exec(uri);
  if (!match) return null;
  try {
    const bytes = Uint8Array.from(atob(match[2]), (char) => char.charCodeAt(0));
    const kind = match[1].slice(6).replace("jpeg", "jpg").replace(/\W.*/, "");
    return new File([bytes], `picture.${kind}`, { type: match[1] });
  } catch {
    return null;
  }
}

const LINK_HINT = "This page fetches nothing from other hosts, and nothing leaves this server. "
  + "Copy the picture itself there (not its address) and paste it here, or save it and drop the file.";

// What a page of another site, a mail or an editor gives: a link, a text, or a picture within HTML.
function fromOutside({ uris, html, text }) {
  const sources = [...html.matchAll(/<img[^>]+src\s*=\s*["']?(data:image\/[^"'>]+)/gi)].map((hit) => hit[1]);
  const files = [...sources, uris, text].map((item) => fromDataUri(item.trim())).filter(Boolean);
  if (files.length) return { files: files.slice(0, 1), notes: [] };
  const link = [uris.split(/[\r\n]+/).find((line) => line && !line.startsWith("#")), text.trim()]
    .find((item) => item && /^\w[\w+.-]*:\S+$/.test(item));
  const short = (item) => (item.length > 80 ? `${item.slice(0, 80)}…` : item);
  if (link) return { files: [], notes: [`That is a link, not a picture (${short(link)}). ${LINK_HINT}`] };
  if (html.includes("<img")) return { files: [], notes: [`That is the address of a picture, not the picture. ${LINK_HINT}`] };
  if (text.trim()) return { files: [], notes: [`That is text, not a picture: “${short(text.trim())}”`] };
  return { files: [], notes: ["There was no picture in that. Drop a file, a folder, or paste a picture."] };
}

// Takes a drop or a paste. What it holds must be asked for at once: afterwards it is empty.
export async function taken(transfer, takes = TAKES) {
  const entries = [...transfer.items].filter((item) => item.kind === "file")
    .map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const plain = [...transfer.files];
  const outside = {
    uris: transfer.getData("text/uri-list"), html: transfer.getData("text/html"),
    text: transfer.getData("text/plain"),
  };
  if (!plain.length && !entries.length) return fromOutside(outside);
  if (!entries.some((entry) => entry.isDirectory)) return sorted(plain, { takes });
  const { found, unread, left } = await walk(entries, takes.most);
  const told = sorted(found, { folder: true, left, takes });
  if (unread.length) told.notes.push(`Couldn't be read: ${unread.slice(0, 3).join(", ")}${unread.length > 3 ? " …" : ""}.`);
  return told;
}
