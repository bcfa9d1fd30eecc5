// Asks the network about pictures, in Node. In the export's folder:
//
//     npm install onnxruntime-node sharp
//     node examples/predict.mjs photo.jpg …
//
// It prints a line of JSON for each. sharp reads more kinds of files than the network was trained
// on, and turns CMYK into RGB by colour profiles, which changes their numbers.

import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import * as ort from "onnxruntime-node";
import sharp from "sharp";
import { answer, prepare, tensor } from "./prepare.mjs";

const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
const about = JSON.parse(await readFile(path.join(folder, "metadata.json"), "utf8"));
const session = await ort.InferenceSession.create(path.join(folder, about.model));

for (const file of process.argv.slice(2)) {
  try {
    console.log(JSON.stringify({ file, ...(await ask(file)) }));
  } catch (error) {
    console.log(JSON.stringify({ file, error: error.message }));
    process.exitCode = 1;
  }
}

async function ask(file) {
  const { data, info } = await sharp(file)
    .rotate() // upright, by EXIF
    .toColourspace("srgb")
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const bytes = prepare(data, info.width, info.height, info.channels, about.image_size);
  const found = await session.run({ pictures: tensor(ort, about, bytes) });
  return answer(about, found.probabilities.data, found.novelty?.data[0]);
}
