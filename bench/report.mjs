// Formats times as text, one table per suite.
import { roofCell, roofNote } from "./roofline.mjs";

/** A number with two decimals, or two significant digits if it is small. */
export const digits = (v) => (v < 0.0995 ? String(Number(v.toPrecision(2))) : v.toFixed(2));
const three = ({ min, median, max, fastest }) => `${[min, median, max].map(digits).join(" / ")}; ${digits(fastest)}`;
export const milliseconds = (seconds) => `${(1000 * seconds).toFixed(1)} ms`;

/** A markdown table. */
export function markdown(head, body) {
  return [head, head.map(() => "---"), ...body].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** One case in a line, for the terminal. */
export function brief({ label, ours, ratios, work, roof }, labels) {
  const compared = ratios.flatMap((r, k) => (r ? [`${three(r)} of ${labels[k + 1]}`] : []));
  if (roof) compared.unshift(roofCell({ work, roof }));
  return `${label}: ${milliseconds(ours.median)}; ${compared.join("; ")}`;
}

const SHARE = "work: share of the machine's peak";

/** The table of a suite: our times, their share of the machine's peak, and their ratios to those of each peer. */
export function ratioTable({ labels, rows, peaks }) {
  const head = [
    "case",
    `${labels[0]}: fastest, median`,
    ...(peaks ? [SHARE] : []),
    ...labels.slice(1).map((label) => `ratio to ${label}: min / median / max; fastest rounds`),
  ];
  return markdown(
    head,
    rows.map(({ label, ours, ratios, work, roof }) => [
      label,
      `${milliseconds(ours.min)}, ${milliseconds(ours.median)}`,
      ...(peaks ? [roofCell({ work, roof })] : []),
      ...ratios.map((r) => (r ? three(r) : "-")),
    ]),
  );
}

/**
 * The table of a sweep: fastest step and cost per pixel of each side, with the exponents in the last row. `growth` is
 * the result of `growthOf` by side.
 */
export function growthTable(what, { labels, peaks }, rows, growth) {
  const cells = (row, k) => [
    ...labels.map(
      (label) => `${milliseconds(Math.min(...row.times[label]))}, ${(1e9 * growth[label].perPixel[k]).toFixed(0)} ns`,
    ),
    ...(peaks ? [roofCell(row)] : []),
  ];
  const last = [
    "exponent of the cost in the number of pixels: all sizes, the two largest",
    ...labels.map((label) => growth[label].exponents.map((p) => p.toFixed(2)).join(", ")),
    ...(peaks ? ["-"] : []),
  ];
  return markdown(
    [
      `growth with the ${what}`,
      ...labels.map((label) => `${label}: fastest step, cost per pixel`),
      ...(peaks ? [`${labels[0]}: ${SHARE}`] : []),
    ],
    [...rows.map((row, k) => [row.label, ...cells(row, k)]), last],
  );
}

/** A report of sections `{ title, tables, compared, skipped, peaks }`. */
export function report(machine, sections) {
  const text = ({ title, tables, compared = [], skipped = [], peaks }) => {
    const differences = compared.map(({ label, apart }) => `${label} ${apart.toExponential(0)}`);
    const notes = [
      ...(differences.length > 0
        ? [`Largest relative difference to our results before timing: ${differences.join("; ")}.`]
        : []),
      ...(peaks ? [roofNote(peaks)] : []),
      ...(skipped.length > 0 ? [`Skipped: ${skipped.join("; ")}.`] : []),
    ];
    return [`### ${title}`, ...tables, ...notes].join("\n\n");
  };
  return `${[machine, ...sections.map(text)].join("\n\n")}\n`;
}
