// How numbers and names read. As tl_catdog/wording.py says them; a test holds the two together.

export function percent(part) {
  const text = (100 * part).toFixed(1);
  const falseEnd = part > 0 && part < 1 && (text === "0.0" || text === "100.0");
  return `${falseEnd ? Math.min(Math.max(100 * part, 0.01), 99.99).toFixed(2) : text} %`;
}

// Where no decimal is needed; again only what is exactly 0 or 1 reads as none or all.
export const whole = (part) => `${part > 0 && part < 1 ? Math.min(99, Math.max(1, Math.round(100 * part))) : 100 * part} %`;

// A network is never certain, even where its numbers round to 0 or 1.
export function probability(part) {
  if (part > 0.9999) return "> 99.99 %";
  if (part < 0.0001) return "< 0.01 %";
  return percent(part);
}

export const estimate = ({ value, ci }) =>
  `${percent(value)} (${ci.map((end) => percent(end).replace(" %", "")).join("–")})`;

// A name in whichever script within a sentence, which it doesn't turn; where no <bdi> can be.
export const apart = (name) => `\u2068${name}\u2069`;

export const count = (number) => number.toLocaleString("en");

export const plural = (number, noun, ending = "s") =>
  `${count(number)} ${noun}${number === 1 ? "" : ending}`;

// "cats, dogs, mice or 34 others": what fits into a line.
export function named(names, joint = "or", most = 4) {
  if (names.length <= most) {
    return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} ${joint} ${names.at(-1)}`;
  }
  return `${names.slice(0, most - 1).join(", ")} ${joint} ${count(names.length - most + 1)} others`;
}
