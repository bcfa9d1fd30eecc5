// Small pictures of large ones: a hundred photographs of a phone, whole, would fill the memory.

const SIDE = 960; // pixels, for the one large card on a screen with two pixels to a dot
const AT_ONCE = 2;
let busy = 0;
const waiting = [];

// Files that no browser, or not every browser, can show; the server gives a preview of them.
const UNSHOWN = /\.(tiff?|hei[cf]s?|jp2|j2k|jpx|mpo|p[bgpn]m|tga|jxl)$/i;
export const needsPreview = (file) => UNSHOWN.test(file.name ?? "") || /hei[cf]|tiff|jp2|jxl/.test(file.type);

// Whoever scrolls fast leaves many behind: those in view now come first.
const inView = ({ item }) => {
  const { top, bottom } = item.getBoundingClientRect();
  return bottom > 0 && top < innerHeight && bottom > top;
};

async function turn(item, work) {
  if (busy >= AT_ONCE) await new Promise((go) => waiting.push({ item, go }));
  busy += 1;
  try {
    return await work();
  } finally {
    busy -= 1;
    const next = Math.max(0, waiting.findIndex(inView));
    waiting.splice(next, 1)[0]?.go();
  }
}

// Returns an address for an <img>, to be given back by `release`; null if it can't be shown.
export const thumbnail = (file, item) => turn(item, async () => {
  let whole;
  try {
    whole = await createImageBitmap(file);
  } catch {
    return null; // no picture, or none that this browser knows
  }
  try {
    const scale = SIDE / Math.max(whole.width, whole.height);
    if (scale >= 1 && file.size < 2e6) return URL.createObjectURL(file);
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(whole.width * Math.min(1, scale)));
    canvas.height = Math.max(1, Math.round(whole.height * Math.min(1, scale)));
    const pen = canvas.getContext("2d");
    pen.imageSmoothingQuality = "high";
    pen.drawImage(whole, 0, 0, canvas.width, canvas.height);
    const kind = file.type === "image/png" ? "image/webp" : "image/jpeg"; // keeps what is see-through
    const small = await new Promise((go) => canvas.toBlob(go, kind, 0.85));
    return small && URL.createObjectURL(small);
  } finally {
    whole.close();
  }
});

export function release(address) {
  if (address?.startsWith("blob:")) URL.revokeObjectURL(address);
}
