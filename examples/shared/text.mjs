// Tables and durations as text.
import { mean } from "./evaluate-model.mjs";

/** A table of one metric: a row per label, with the value of each test image and the mean. */
export function tableOf(metric, names, rows) {
  const decibels = metric === "PSNR";
  return {
    caption: `${decibels ? "PSNR in dB" : metric}, on images not trained on`,
    columns: ["", ...names, "mean"],
    rows: Object.entries(rows).map(([label, values]) => [
      label,
      ...[...values, mean(values)].map((value) => value.toFixed(decibels ? 2 : 3)),
    ]),
  };
}

/** Rows as aligned columns: the first column to the left, the others to the right. */
export function aligned(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])))
        .join("   ")
        .trimEnd(),
    )
    .join("\n");
}

/** `12s`, `3m05s` */
export function elapsed(seconds) {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole}s` : `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, "0")}s`;
}
