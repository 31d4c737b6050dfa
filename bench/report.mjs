// Times as text: one table a suite. Nothing here measures.

/** Two digits that matter. */
export const digits = (v) => (v < 0.0995 ? String(Number(v.toPrecision(2))) : v.toFixed(2));
const three = ({ min, median, max, fastest }) => `${[min, median, max].map(digits).join(" / ")}; ${digits(fastest)}`;
export const milliseconds = (seconds) => `${(1000 * seconds).toFixed(1)} ms`;

/** A markdown table. */
export function markdown(head, body) {
  return [head, head.map(() => "---"), ...body].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** One case in a sentence, for the terminal. */
export function brief({ label, ours, ratios }, labels) {
  const compared = ratios.flatMap((r, k) => (r ? [`${three(r)} of ${labels[k + 1]}`] : []));
  return `${label}: ${milliseconds(ours.median)}; ${compared.join("; ")}`;
}

/** A suite's table: our times, and their ratios to each peer's. */
export function ratioTable({ labels, rows }) {
  const head = [
    "case",
    `${labels[0]}: fastest, median`,
    ...labels.slice(1).map((label) => `ratio to ${label}: min / median / max; fastest rounds`),
  ];
  return markdown(
    head,
    rows.map(({ label, ours, ratios }) => [
      label,
      `${milliseconds(ours.min)}, ${milliseconds(ours.median)}`,
      ...ratios.map((r) => (r ? three(r) : "-")),
    ]),
  );
}

/**
 * A sweep's table: fastest step and cost a pixel of each side, and the exponents below. `growth`: by side, as
 * `growthOf` gives it.
 */
export function growthTable(what, labels, rows, growth) {
  const cells = (row, k) =>
    labels.map(
      (label) => `${milliseconds(Math.min(...row.times[label]))}, ${(1e9 * growth[label].perPixel[k]).toFixed(0)} ns`,
    );
  const last = [
    "exponent of the cost in the number of pixels: all sizes, the two largest",
    ...labels.map((label) => growth[label].exponents.map((p) => p.toFixed(2)).join(", ")),
  ];
  return markdown(
    [`growth with the ${what}`, ...labels.map((label) => `${label}: fastest step, cost a pixel`)],
    [...rows.map((row, k) => [row.label, ...cells(row, k)]), last],
  );
}

/** A whole report of sections `{ title, tables, compared, skipped }`. */
export function report(machine, sections) {
  const text = ({ title, tables, compared = [], skipped = [] }) => {
    const same = compared.map(({ label, apart }) => `${label} ${apart.toExponential(0)}`);
    const notes = [
      ...(same.length > 0 ? [`Largest difference to our results before timing, relative: ${same.join("; ")}.`] : []),
      ...(skipped.length > 0 ? [`Skipped: ${skipped.join("; ")}.`] : []),
    ];
    return [`### ${title}`, ...tables, ...notes].join("\n\n");
  };
  return `${[machine, ...sections.map(text)].join("\n\n")}\n`;
}
