import { writeFileAtomic } from "../io/index.js";
import {
  checkInstance,
  checkKind,
  checkList,
  checkObject,
  checkOptionsObject,
  checkText,
  type Kind,
} from "../runtime/index.js";
import { escapeMarkup } from "../text/index.js";

/** A table of a report; the first column names the row. */
export interface ReportTable {
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** Images side by side. */
export interface ReportFigure {
  readonly caption: string;
  readonly images: readonly { readonly label: string; readonly png: Uint8Array }[];
}

/** Content of {@link htmlReport}, in this order. */
export interface ReportContent {
  readonly title: string;
  readonly intro: string;
  readonly tables: readonly ReportTable[];
  readonly figures: readonly ReportFigure[];
  /** SVG texts, such as those of {@link lineChart}. */
  readonly charts: readonly string[];
  /** Settings of the run. */
  readonly details: Readonly<Record<string, string | number>>;
}

const style = [
  ":root{color-scheme:light dark;--ink:#1f2328;--soft:#57606a;--line:#d0d7de;--paper:#fff}",
  "@media (prefers-color-scheme:dark){:root{--ink:#f0f6fc;--soft:#9198a1;--line:#30363d;--paper:#0d1117}}",
  "body{margin:0 auto;max-width:64rem;padding:2rem 1rem;background:var(--paper);color:var(--ink);",
  "font:16px/1.5 system-ui,sans-serif}",
  "h1{font-size:1.6rem}p,figcaption,caption,dt{color:var(--soft)}",
  ".scroll{overflow-x:auto}table{border-collapse:collapse;margin:1.5rem 0}",
  "caption{text-align:left;padding-bottom:.4rem;white-space:nowrap}",
  "th,td{padding:.4rem .9rem;border-bottom:1px solid var(--line);text-align:right;font-variant-numeric:tabular-nums}",
  "th:first-child,td:first-child{text-align:left}",
  "figure{margin:2rem 0}.row{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:.8rem}",
  ".row div{font-size:.85rem;color:var(--soft)}",
  ".row img{display:block;width:100%;image-rendering:pixelated;border-radius:4px}",
  ".charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(24rem,100%),1fr));gap:0 2rem}",
  ".charts figure{margin:1rem 0}figure>svg{display:block;width:100%;height:auto}",
  "@media (max-width:600px){body{padding:1rem .8rem}h1{font-size:1.35rem}.row{grid-template-columns:1fr 1fr}",
  "th,td{padding:.4rem .5rem}caption{white-space:normal}}",
  "h1,p,dd{overflow-wrap:anywhere}dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1.2rem}dd{margin:0}",
].join("\n");

function checkContent(content: ReportContent): void {
  const caller = "htmlReport";
  checkOptionsObject(caller, content, ["title", "intro", "tables", "figures", "charts", "details"]);
  checkText(caller, "title", content.title);
  checkText(caller, "intro", content.intro);
  for (const each of checkList(caller, "tables", content.tables)) {
    checkObject(caller, "tables", each);
    checkText(caller, "tables.caption", each.caption);
    for (const name of checkList(caller, "tables.columns", each.columns)) checkText(caller, "tables.columns", name);
    for (const row of checkList(caller, "tables.rows", each.rows))
      for (const cell of checkList(caller, "tables.rows", row)) checkKind(caller, "tables.rows", cell, aCell);
  }
  for (const each of checkList(caller, "figures", content.figures)) {
    checkObject(caller, "figures", each);
    checkText(caller, "figures.caption", each.caption);
    for (const image of checkList(caller, "figures.images", each.images)) {
      checkObject(caller, "figures.images", image);
      checkText(caller, "figures.images.label", image.label);
      checkInstance(caller, "figures.images.png", image.png, Uint8Array, "the bytes of a PNG, a Uint8Array");
    }
  }
  for (const svg of checkList(caller, "charts", content.charts)) checkText(caller, "charts", svg);
  checkObject(caller, "details", content.details);
  for (const [name, value] of Object.entries(content.details)) checkKind(caller, `details.${name}`, value, aCell);
}

const aCell: Kind = {
  expected: "a string or a number",
  fits: (value) => typeof value === "string" || typeof value === "number",
};

/**
 * A self-contained HTML page, light and dark: images and charts are inlined, nothing is loaded from elsewhere.
 *
 * @throws ArgumentError `missing_argument`, `invalid_argument`.
 */
export function htmlReport(content: ReportContent): string {
  checkContent(content);
  const parts = [
    ...content.tables.map(table),
    ...content.figures.map(figure),
    `<div class="charts">${content.charts.map((svg) => `<figure>${svg}</figure>`).join("")}</div>`,
    `<h2>Settings</h2><dl>${Object.entries(content.details)
      .map(([name, value]) => `<dt>${escapeMarkup(name)}</dt><dd>${escapeMarkup(String(value))}</dd>`)
      .join("")}</dl>`,
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeMarkup(content.title)}</title><style>${style}</style></head>
<body><h1>${escapeMarkup(content.title)}</h1><p>${escapeMarkup(content.intro)}</p>
${parts.join("\n")}
</body></html>
`;
}

/** Writes {@link htmlReport} to a file, atomically. */
export async function writeReport(path: string, content: ReportContent): Promise<void> {
  await writeFileAtomic(path, htmlReport(content));
}

function table({ caption, columns, rows }: ReportTable): string {
  const head = columns.map((name) => `<th scope="col">${escapeMarkup(name)}</th>`).join("");
  const body = rows
    .map((row) => `<tr>${row.map((cell) => `<td>${escapeMarkup(String(cell))}</td>`).join("")}</tr>`)
    .join("");
  const title = `<caption>${escapeMarkup(caption)}</caption>`;
  return `<div class="scroll"><table>${title}<thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}

function figure({ caption, images }: ReportFigure): string {
  const cells = images.map(({ label, png }) => {
    const image = `<img alt="${escapeMarkup(`${caption}: ${label}`)}" src="data:image/png;base64,${base64(png)}">`;
    return `<div>${image}${escapeMarkup(label)}</div>`;
  });
  const title = `<figcaption>${escapeMarkup(caption)}</figcaption>`;
  return `<figure>${title}<div class="row">${cells.join("")}</div></figure>`;
}

function base64(bytes: Uint8Array): string {
  let text = "";
  // In chunks: the number of arguments of one call is limited.
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}
