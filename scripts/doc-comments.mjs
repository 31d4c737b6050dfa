// What documentation says in short: the first sentence of a comment, and the default value that it names.

/** The first sentence of a comment: up to the first full stop, without papers in brackets, which have a year. */
export function firstSentence(comment) {
  const paragraph = comment
    .trim()
    .split(/\n\s*\n/)[0]
    .replace(/\s+/g, " ");
  return paragraph
    .replace(/\{@link (?:[\w.]+\.)?(\w+)\}/g, "`$1`")
    .replace(/ ?\([^()]*\b(?:19|20)\d\d[^()]*\)/g, "")
    .split(/(?<=[a-z0-9`)\]|]\.) (?=[A-Z`])/)[0];
}

/** The text after "Default:" in a comment, without its full stop; `undefined` where there is none. */
export function defaultText(comment) {
  return /\bDefault: (.+?)(?:\.(?=\s|$)|$)/s.exec(comment.replace(/\s+/g, " "))?.[1];
}

/** The JSON value that a default's text is, and whether it is all of the text; `undefined` where it is none. */
export function defaultValue(text) {
  const plain = text
    ?.replace(/^`(.*)`$/, "$1")
    .replace(/ \(.*\)$/, "")
    .replace(/, as in deepinv$/, "");
  if (plain === undefined) return undefined;
  const quotient = /^(\d+) ?\/ ?(\d+)$/.exec(plain);
  if (quotient) return { value: Number(quotient[1]) / Number(quotient[2]), whole: true };
  // The whole text, or what stands before an explanation: "false, each sample is measured once".
  for (const candidate of [plain, plain.split(/, (?=[a-z])/)[0]]) {
    try {
      return { value: JSON.parse(candidate), whole: candidate === plain };
    } catch {
      // Not JSON.
    }
  }
  return undefined;
}
