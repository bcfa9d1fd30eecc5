// The answers as files: JSON as predict --json has it, CSV as predict --csv.

// As tl_catdog/spreadsheets.py: a name may be a formula, and whoever gave it may mean harm.
const FORMULA = /^(?:'*\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|'*[\t\r\n])/;
export const defused = (text) => (FORMULA.test(text) ? `'${text}` : text);

const cell = (value) => {
  if (value === null || value === undefined) return "";
  const text = typeof value === "string" ? defused(value) : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

const digits = (part) => (part === undefined || part === null ? null : part.toFixed(6));

export const rowsOf = (cards) => cards.filter(({ row }) => row)
  .map(({ name, row: { heat, looks, preview, ...row } }) => ({ ...row, path: name }));

export function toCsv(rows, classes) {
  // Numbers stay numbers: only texts are defused.
  const number = (part) => ({ toString: () => digits(part) ?? "" });
  const lines = [["path", "label", "probability", "answer", "doubt", "novelty", "error",
    ...classes.map((kind) => `p:${kind}`)]];
  for (const row of rows) {
    lines.push([row.path, row.label, number(row.probabilities?.[row.label]),
      row.answer ?? row.label, row.doubt, number(row.novelty), row.error,
      ...classes.map((kind) => number(row.probabilities?.[kind]))]);
  }
  return lines.map((line) => `${line.map(cell).join(",")}\r\n`).join("");
}

export const toJson = (rows) => `${JSON.stringify(rows, null, 2)}\n`;

export function save(text, name, kind) {
  const address = URL.createObjectURL(new Blob([text], { type: kind }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
