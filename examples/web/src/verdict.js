// What the visitor is told at the end of a run.

/** PSNR below which a change cannot be seen, in dB. */
const visible = 0.05;

/**
 * The verdict on a result: `outcome` is `clean`, `refused` (the picture stays as it was given) or `nothing` (there is
 * no noise to take out), with a title, a sentence and reasons.
 *
 * A result is refused where the data contradict it, and where the truth is known and it is farther from it than the
 * given picture.
 *
 * @param task `denoise`, `inpaint` or `deblur`.
 * @param before, after PSNR in dB of the given picture and of the result, where the truth is known.
 * @param reasons What the data say against the result: sentences.
 * @param found What was found out about the noise: a sentence.
 * @param nothing Why there is nothing to do: a sentence.
 */
export function verdictOf({ task, before, after, reasons = [], found = "", nothing }) {
  if (nothing !== undefined)
    return { outcome: "nothing", title: "Nothing to clean", detail: sentence(nothing), reasons: [] };
  const isKnown = before !== undefined && after !== undefined;
  const worse =
    isKnown && !(after > before)
      ? [`the truth is known here: the result has ${decibels(after)}, the given picture ${decibels(before)}.`]
      : [];
  const all = [...reasons, ...worse].map(sentence);
  if (all.length > 0) {
    const detail = "A result was computed, but it cannot be right, so it is not shown:";
    return { outcome: "refused", title: "Kept as it was given", detail, reasons: all };
  }
  const done = { denoise: "Cleaned", inpaint: "Filled in", deblur: "Sharpened" }[task];
  if (!isKnown) return { outcome: "clean", title: done, detail: sentence(found), reasons: [] };
  const gain = after - before;
  const title = gain < visible ? `${done}: hardly different` : `${done}: ${gain.toFixed(1)} dB closer to the truth`;
  return { outcome: "clean", title, detail: sentence(found), reasons: [] };
}

const decibels = (value) => `${value.toFixed(2)} dB`;

/** A text as a sentence: with a capital letter and a full stop. */
export function sentence(text) {
  const trimmed = text.trim();
  if (trimmed === "") return "";
  return `${trimmed[0].toUpperCase()}${trimmed.slice(1)}${/[.!?:]$/.test(trimmed) ? "" : "."}`;
}

/** Seconds in words, rounded so that they do not jump. */
export function timeLeft(seconds) {
  if (!Number.isFinite(seconds) || seconds < 0) return "";
  if (seconds < 10) return `${Math.max(1, Math.ceil(seconds))} s left`;
  if (seconds < 90) return `${5 * Math.ceil(seconds / 5)} s left`;
  return `${Math.ceil(seconds / 60)} min left`;
}
