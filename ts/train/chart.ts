import { checkFlag, checkList, checkObject, checkOptions, checkText } from "../runtime/index.js";
import { escapeMarkup } from "../text/index.js";

/** One curve of a chart. */
export interface Series {
  readonly label: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** Options of {@link lineChart}. */
export interface ChartOptions {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
  /** A logarithmic vertical axis; points at or below 0 are left out. Default: false. */
  readonly logarithmic?: boolean;
}

const [width, height] = [720, 360];
const area = { left: 72, right: 20, top: 40, bottom: 48 };
// Palettes in the same order, both with a contrast of at least 4.5:1 to their background.
const light = ["#1f6feb", "#bc4c00", "#1a7f37", "#8250df"];
const dark = ["#79b8ff", "#ffa657", "#7ee787", "#d2a8ff"];

const strokes = (colours: readonly string[]): string =>
  colours.map((colour, index) => `.s${index}{stroke:${colour}}`).join("");
const style = [
  "text{font:12px system-ui,sans-serif;fill:#57606a}",
  ".title{font-size:14px;font-weight:600;fill:#1f2328}",
  ".grid{stroke:#d0d7de;stroke-width:1}",
  "path{fill:none;stroke-width:2}",
  strokes(light),
  "@media (prefers-color-scheme:dark){",
  "text{fill:#9198a1}.title{fill:#f0f6fc}.grid{stroke:#30363d}",
  `${strokes(dark)}}`,
].join("\n");

function checkChart(options: ChartOptions): void {
  const caller = "lineChart";
  checkOptions(caller, options, ["title", "xLabel", "yLabel", "series", "logarithmic"]);
  for (const key of ["title", "xLabel", "yLabel"] as const) checkText(caller, key, options[key]);
  checkFlag(caller, "logarithmic", options.logarithmic, false);
  for (const [i, one] of checkList(caller, "series", options.series, MAX_SERIES).entries()) {
    checkObject(caller, `series[${i}]`, one);
    checkText(caller, `series[${i}].label`, one.label);
    for (const point of checkList(caller, `series[${i}].points`, one.points))
      checkObject(caller, `a point of series[${i}]`, point);
  }
}

/** More curves cannot be told apart. */
const MAX_SERIES = 1000;

/**
 * A line chart as a self-contained SVG that follows the reader's light or dark colour scheme.
 *
 * @throws ArgumentError `missing_argument`, `unknown_option`, `invalid_argument`.
 */
export function lineChart(options: ChartOptions): string {
  checkChart(options);
  const log = options.logarithmic ?? false;
  const series = options.series.map(({ label, points }) => ({
    label,
    points: points
      .filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y) && (!log || y > 0))
      .map(({ x, y }) => ({ x, y: log ? Math.log10(y) : y })),
  }));
  const all = series.flatMap(({ points }) => points);
  const [x0, x1] = range(all.map(({ x }) => x));
  const [y0, y1] = range(all.map(({ y }) => y));
  const px = (x: number): number => area.left + ((x - x0) / (x1 - x0)) * (width - area.left - area.right);
  const py = (y: number): number => height - area.bottom - ((y - y0) / (y1 - y0)) * (height - area.top - area.bottom);
  const text = (x: number | string, y: number | string, anchor: string, content: string): string =>
    `<text x="${x}" y="${y}" text-anchor="${anchor}">${content}</text>`;
  const [right, bottom] = [width - area.right, height - area.bottom];
  const marks: string[] = [];
  for (const y of ticks(y0, y1, 5)) {
    marks.push(`<line class="grid" x1="${area.left}" x2="${right}" y1="${fixed(py(y))}" y2="${fixed(py(y))}"/>`);
    marks.push(text(area.left - 8, fixed(py(y) + 4), "end", formatTick(log ? 10 ** y : y)));
  }
  for (const x of ticks(x0, x1, 6)) marks.push(text(fixed(px(x)), bottom + 18, "middle", formatTick(x)));
  for (const [index, { label, points }] of series.entries()) {
    const curve = `class="s${index % light.length}"`;
    const path = points.map(({ x, y }, i) => `${i === 0 ? "M" : "L"}${fixed(px(x))} ${fixed(py(y))}`).join("");
    marks.push(`<path ${curve} d="${path}"/>`);
    const x = area.left + 8 + index * 230;
    marks.push(`<path ${curve} d="M${x} 30h18"/><text x="${x + 24}" y="34">${escapeMarkup(label)}</text>`);
  }
  const title = escapeMarkup(options.title);
  const yLabel = escapeMarkup(options.yLabel);
  const rotated = `transform="translate(14 ${(area.top + bottom) / 2}) rotate(-90)"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">
<style>${style}</style>
<text class="title" x="${area.left}" y="16">${title}</text>
${marks.join("\n")}
${text((area.left + right) / 2, height - 8, "middle", escapeMarkup(options.xLabel))}
<text ${rotated} text-anchor="middle">${yLabel}</text>
</svg>
`;
}

/** Smallest and largest value, widened where they are equal to nine digits. */
function range(values: readonly number[]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  if (low > high) return [0, 1];
  // Of values that are equal but for rounding no axis can be divided.
  return high - low > 1e-9 * Math.max(Math.abs(low), Math.abs(high)) ? [low, high] : [low - 0.5, high + 0.5];
}

/** About `count` round numbers between two bounds. */
function ticks(low: number, high: number, count: number): number[] {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10) * power;
  const [first, last] = [Math.ceil(low / step), Math.floor(high / step + 1e-9)];
  // A range without end has no ticks.
  const found = Number.isFinite(last - first) ? Math.max(0, last - first + 1) : 0;
  return Array.from({ length: found }, (_, i) => (first + i) * step);
}

function formatTick(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function fixed(value: number): string {
  return value.toFixed(1);
}
