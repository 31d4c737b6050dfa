import { checkFlag, checkList, checkObject, checkOptions, checkText } from "../runtime/index.js";
import { escapeMarkup } from "../text/index.js";
import { type Axis, linearAxis, logarithmicAxis, tickText } from "./axis.js";

/** One curve of a chart. */
export interface Series {
  readonly label: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
  /** Drawn pale, without an entry in the legend: single values behind the curve of their mean. Default: false. */
  readonly faint?: boolean;
}

/** Options of {@link lineChart}. */
export interface ChartOptions {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
  /** Values of other methods, drawn as dashed lines with their names. Default: none. */
  readonly references?: readonly { readonly label: string; readonly y: number }[];
  /**
   * A logarithmic vertical axis; points at or below 0 are left out. `"auto"`: where all values are above 0 and the
   * largest is more than four times the smallest. Default: false.
   */
  readonly logarithmic?: boolean | "auto";
  /**
   * Whether the few values far from all others may lie beyond a linear axis, so that they do not flatten the rest; a
   * note says how many. Default: false.
   */
  readonly robust?: boolean;
}

// Shown at this size or a little smaller, so that letters are readable on a phone.
const [width, height] = [480, 300];
const [left, right, bottom] = [80, width - 14, height - 46];
const rowHeight = 20;
// Palettes in the same order, all with a contrast of at least 4.5:1 to their background.
const light = ["#1f6feb", "#bc4c00", "#1a7f37", "#8250df"];
const dark = ["#79b8ff", "#ffa657", "#7ee787", "#d2a8ff"];

const strokes = (colours: readonly string[]): string =>
  colours.map((colour, index) => `.s${index}{stroke:${colour}}`).join("");
const style = [
  "text{font:14px system-ui,sans-serif;fill:#57606a}",
  ".title{font-size:16px;font-weight:600;fill:#1f2328}",
  ".grid{stroke:#d0d7de;stroke-width:1}",
  ".reference{stroke:#57606a;stroke-width:1.5;stroke-dasharray:5 4}",
  "path{fill:none;stroke-width:2;stroke-linejoin:round}",
  ".faint{stroke-width:1;opacity:.35}",
  strokes(light),
  "@media (max-width:600px){text{font-size:16px}.title{font-size:18px}}",
  "@media (prefers-color-scheme:dark){",
  "text{fill:#9198a1}.title{fill:#f0f6fc}.grid{stroke:#30363d}.reference{stroke:#9198a1}",
  `${strokes(dark)}}`,
].join("\n");

function checkChart(options: ChartOptions): void {
  const caller = "lineChart";
  checkOptions(caller, options, ["title", "xLabel", "yLabel", "series", "references", "logarithmic", "robust"]);
  for (const key of ["title", "xLabel", "yLabel"] as const) checkText(caller, key, options[key]);
  if (options.logarithmic !== "auto") checkFlag(caller, "logarithmic", options.logarithmic, false);
  checkFlag(caller, "robust", options.robust, false);
  for (const line of checkList(caller, "references", options.references ?? [], MAX_SERIES)) {
    checkObject(caller, "a reference", line);
    checkText(caller, "the label of a reference", line.label);
  }
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
  const references = options.references ?? [];
  const given = options.series.flatMap(({ points }) => points).filter(isFinitePoint);
  const log = isLogarithmic(options.logarithmic ?? false, given);
  const shown = ({ x, y }: Point): boolean => isFinitePoint({ x, y }) && (!log || y > 0);
  const series = options.series.map((each) => ({ ...each, points: each.points.filter(shown) }));
  const all = series.flatMap(({ points }) => points);
  const lines = references.filter(({ y }) => shown({ x: 0, y }));
  const across = linearAxis(
    all.map(({ x }) => x),
    { count: 5 },
  );
  const heights = [...all, ...lines].map(({ y }) => y);
  const up = log
    ? logarithmicAxis(heights, { count: 5 })
    : linearAxis(heights, { count: 5, robust: options.robust ?? false });
  const legend = legendOf(series, options.yLabel);
  const top = 34 + legend.rows * rowHeight;
  const px = (x: number): string => fixed(left + across.place(x) * (right - left));
  const py = (y: number): string => fixed(bottom - up.place(y) * (bottom - top));
  const text = (x: number | string, y: number | string, anchor: string, content: string): string =>
    `<text x="${x}" y="${y}" text-anchor="${anchor}">${content}</text>`;
  const marks: string[] = [];
  for (const y of up.ticks) {
    marks.push(`<line class="grid" x1="${left}" x2="${right}" y1="${py(y)}" y2="${py(y)}"/>`);
    marks.push(text(left - 8, fixed(Number(py(y)) + 5), "end", tickText(y)));
  }
  for (const x of across.ticks) marks.push(text(px(x), bottom + 19, "middle", tickText(x)));
  for (const { label, y } of lines) {
    marks.push(`<line class="reference" x1="${left}" x2="${right}" y1="${py(y)}" y2="${py(y)}"/>`);
    const below = up.place(y) > 0.9;
    marks.push(text(right - 2, fixed(Number(py(y)) + (below ? 16 : -6)), "end", escapeMarkup(label)));
  }
  for (const { colour, faint, points } of withColours(series)) {
    const path = points.map(({ x, y }, i) => `${i === 0 ? "M" : "L"}${px(x)} ${py(y)}`).join("");
    marks.push(`<path class="${colour}${faint ? " faint" : ""}" d="${path}"/>`);
  }
  const note = noteOf(up);
  if (note !== "") marks.push(text(right - 2, top + (up.beyond.above.length > 0 ? 14 : bottom - top - 8), "end", note));
  const title = escapeMarkup(options.title);
  const rotated = `transform="translate(14 ${(top + bottom) / 2}) rotate(-90)"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">
<style>${style}</style>
<text class="title" x="${left}" y="18">${title}</text>
${[...legend.marks, ...marks].join("\n")}
${text((left + right) / 2, height - 6, "middle", escapeMarkup(options.xLabel))}
<text ${rotated} text-anchor="middle">${escapeMarkup(options.yLabel + (log ? " (log)" : ""))}</text>
</svg>
`;
}

type Point = Series["points"][number];

function isFinitePoint({ x, y }: Point): boolean {
  return Number.isFinite(x) && Number.isFinite(y);
}

function isLogarithmic(wanted: boolean | "auto", points: readonly Point[]): boolean {
  if (wanted !== "auto") return wanted;
  let [low, high] = [Infinity, -Infinity];
  for (const { y } of points) [low, high] = [Math.min(low, y), Math.max(high, y)];
  return low > 0 && high > 4 * low;
}

/** A faint series has the colour of the next one, whose mean it is. */
function withColours<S extends Series>(series: readonly S[]): (S & { readonly colour: string })[] {
  let index = 0;
  return series.map((each) => ({ ...each, colour: `s${(each.faint ? index : index++) % light.length}` }));
}

/** The names of the curves in rows; none where there is one curve that the axis names already. */
function legendOf(series: readonly Series[], yLabel: string): { rows: number; marks: string[] } {
  const named = withColours(series).filter(({ faint }) => !faint);
  if (named.length === 1 && named[0]?.label === yLabel) return { rows: 0, marks: [] };
  let [x, row] = [left, 0];
  const marks = named.map(({ label, colour }) => {
    // A letter takes about eight units.
    const space = 46 + 8 * label.length;
    if (x > left && x + space > width) [x, row] = [left, row + 1];
    const y = 36 + row * rowHeight;
    const mark =
      `<path class="${colour}" d="M${x} ${y}h18"/>` + `<text x="${x + 24}" y="${y + 5}">${escapeMarkup(label)}</text>`;
    x += space;
    return mark;
  });
  return { rows: named.length === 0 ? 0 : row + 1, marks };
}

function noteOf({ beyond: { above, below }, low, high }: Axis): string {
  const parts = [
    ...(above.length > 0 ? [`${above.length} above ${short(high)}, up to ${short(largest(above))}`] : []),
    ...(below.length > 0
      ? [`${below.length} below ${short(low)}, down to ${short(-largest(below.map((y) => -y)))}`]
      : []),
  ];
  return parts.join("; ");
}

const short = (value: number): string => tickText(Number(value.toPrecision(2)));
const largest = (values: readonly number[]): number => values.reduce((high, value) => Math.max(high, value), -Infinity);

function fixed(value: number): string {
  return value.toFixed(1);
}
