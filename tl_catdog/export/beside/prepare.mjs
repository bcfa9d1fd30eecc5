// From a picture's pixels to what the network takes: the same bits as Pillow's antialiased bilinear
// filter, and so as prepare.py. For Node and browsers; needs nothing else.

/**
 * Squeeze a picture to a square.
 * @param {Uint8Array|Uint8ClampedArray} pixels rows from the top, `channels` bytes each, red first
 * @param {number} width
 * @param {number} height
 * @param {number} channels 3, or 4 with transparency, which is laid over white
 * @param {number} size height and width of the result
 * @returns {Uint8Array} RGB of size × size
 */
export function prepare(pixels, width, height, channels, size) {
  if (channels === 4) pixels = overWhite(pixels);
  // Pillow begins with the direction that leaves less work for the other.
  if (height <= size || height + size <= 2 * width)
    return down(across(pixels, width, height, size), size, height, size);
  return across(down(pixels, width, height, size), width, size, size);
}

// Makes each row of a picture as long as `size`.
function across(pixels, width, height, size) {
  const found = new Uint8Array(height * size * 3);
  weights(width, size).forEach(({ first, values }, x) => {
    for (let y = 0; y < height; y++)
      for (let c = 0; c < 3; c++) {
        let sum = HALF;
        for (let i = 0; i < values.length; i++)
          sum += values[i] * pixels[(y * width + first + i) * 3 + c];
        found[(y * size + x) * 3 + c] = byte(sum);
      }
  });
  return found;
}

// Makes each column of a picture as long as `size`.
function down(pixels, width, height, size) {
  const found = new Uint8Array(size * width * 3);
  weights(height, size).forEach(({ first, values }, y) => {
    for (let x = 0; x < width * 3; x++) {
      let sum = HALF;
      for (let i = 0; i < values.length; i++) sum += values[i] * pixels[(first + i) * width * 3 + x];
      found[y * width * 3 + x] = byte(sum);
    }
  });
  return found;
}

// As Pillow's alpha_composite rounds.
function overWhite(pixels) {
  const found = new Uint8Array((pixels.length / 4) * 3);
  for (let from = 0, to = 0; from < pixels.length; from += 4)
    for (let c = 0; c < 3; c++) {
      const alpha = pixels[from + 3];
      const sum = 128 * (pixels[from + c] * alpha + 255 * (255 - alpha)) + 0x4000;
      found[to++] = (((sum >> 8) + sum) >> 8) >> 7;
    }
  return found;
}

// Pillow computes in whole numbers of 22 bits behind the point, and rounds after each direction.
const ONE = 2 ** 22;
const HALF = ONE / 2;

function byte(sum) {
  return Math.min(255, Math.max(0, Math.floor(sum / ONE)));
}

// Which pixels count for each place of a side, and how much.
function weights(length, size) {
  const scale = length / size;
  const reach = Math.max(scale, 1);
  return Array.from({ length: size }, (_, place) => {
    const centre = (place + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5));
    const last = Math.min(length, Math.trunc(centre + reach + 0.5));
    const found = [];
    for (let i = first; i < last; i++)
      found.push(Math.max(0, 1 - Math.abs((i - centre + 0.5) / reach)));
    const sum = found.reduce((a, b) => a + b, 0);
    return { first, values: found.map((value) => Math.trunc((value / sum) * ONE + 0.5)) };
  });
}

/**
 * Say what the network's numbers mean, as `tl-catdog predict --reject` does.
 * @param {object} about what metadata.json holds
 * @param {ArrayLike<number>} probabilities of one picture
 * @param {number|undefined} novelty of the same picture, if the network gives it
 */
export function answer(about, probabilities, novelty) {
  const numbers = Array.from(probabilities);
  const confidence = Math.max(...numbers);
  const label = about.labels[numbers.indexOf(confidence)];
  const unsure = about.unsure;
  let doubt = null;
  if (unsure && confidence < unsure.below) doubt = unsure.words.below;
  else if (unsure && unsure.above !== null && novelty > unsure.above) doubt = unsure.words.above;
  return { label, confidence, answer: doubt ? "unsure" : label, doubt, novelty };
}

/** Return the tensor that a session of ONNX Runtime takes, from one picture's bytes. */
export function tensor(ort, about, bytes) {
  const { dtype, shape } = about.inputs[0];
  const data = dtype === "uint8" ? bytes : Float32Array.from(bytes);
  return new ort.Tensor(dtype, data, [1, ...shape.slice(1)]);
}
