// Plots of a report of the benchmark, as SVG: bars of the ratio of the fastest rounds, ours to the peer's, and curves
// of the cost by the number of pixels.

const width = 760;
const row = 30;
const left = 400;

const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
const shortened = (text) => (text.length > 62 ? `${text.slice(0, 60)}…` : text);

/** The tables of a text: the heading above, the header's cells, the rows' cells. */
function tablesOf(text) {
  const tables = [];
  let heading = "";
  for (const block of text.split(/\n\s*\n/)) {
    const title = /^#+ (.*)$/m.exec(block)?.[1];
    if (title) heading = title;
    const lines = block.split("\n").filter((line) => line.startsWith("|"));
    if (lines.length < 3) continue;
    const cells = lines.map((line) =>
      line
        .slice(1, -1)
        .split("|")
        .map((cell) => cell.trim()),
    );
    tables.push({ heading, header: cells[0], rows: cells.slice(2) });
  }
  return tables;
}

/** Horizontal bars on a logarithmic axis around 1, where both sides take the same time. */
function bars(title, values) {
  const largest = Math.max(...values.map(({ value }) => Math.abs(Math.log10(value))), Math.log10(2));
  const middle = left + (width - left - 60) / 2;
  const scale = (width - left - 60) / 2 / largest;
  const height = 60 + values.length * row;
  const parts = values.map(({ label, value }, i) => {
    const [y, length] = [50 + i * row, Math.log10(value) * scale];
    const colour = value <= 1 ? "#2f7d5b" : "#b4552d";
    const x = Math.min(middle, middle + length);
    const beside = length < 0 ? `x="${middle + 6}"` : `x="${middle - 6}" text-anchor="end"`;
    return (
      `<text x="${left - 10}" y="${y + 14}" text-anchor="end"><title>${escaped(label)}</title>` +
      `${escaped(shortened(label))}</text>` +
      `<rect x="${x.toFixed(1)}" y="${y + 2}" width="${Math.max(1, Math.abs(length)).toFixed(1)}" height="16" rx="2" ` +
      `fill="${colour}"/><text ${beside} y="${y + 14}">${value}</text>`
    );
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-size="12" ` +
    `font-family="sans-serif" fill="#555" role="img"><rect width="${width}" height="${height}" fill="#fff"/>` +
    `<text x="10" y="20" font-size="15" fill="#222">${escaped(title)}</text>` +
    `<text x="10" y="38">time of adjoint / time of the other, logarithmic; left of the line adjoint is faster</text>` +
    `<line x1="${middle}" x2="${middle}" y1="46" y2="${height - 8}" stroke="#999"/>${parts.join("")}</svg>\n`
  );
}

const colours = ["#2f7d5b", "#b4552d", "#44618f"];

/** Curves of the time of a step by the pixels of a batch, both logarithmic. `series`: `{ label, points: [[x, y]] }`. */
function curves(title, series) {
  const all = series.flatMap(({ points }) => points);
  const axis = (k, from, to) => {
    const values = all.map((point) => Math.log10(point[k]));
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return (value) => from + ((Math.log10(value) - low) / (high - low || 1)) * (to - from);
  };
  const [x, y] = [axis(0, 70, width - 40), axis(1, 330, 60)];
  const parts = series.map(({ label, points }, k) => {
    const colour = colours[k % colours.length];
    const place = ([px, py]) => `${x(px).toFixed(1)},${y(py).toFixed(1)}`;
    const last = points.at(-1);
    return (
      `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${points.map(place).join(" ")}"/>` +
      points
        .map(
          (point) => `<circle cx="${x(point[0]).toFixed(1)}" cy="${y(point[1]).toFixed(1)}" r="3" fill="${colour}"/>`,
        )
        .join("") +
      `<text x="${(x(last[0]) - 8).toFixed(1)}" y="${(y(last[1]) - 8).toFixed(1)}" text-anchor="end" ` +
      `fill="${colour}">${escaped(label)}</text>`
    );
  });
  const ticks = [...new Set(all.map(([value]) => value))].sort((a, b) => a - b);
  const below = ticks.map((value) => `<text x="${x(value).toFixed(1)}" y="352" text-anchor="middle">${value}</text>`);
  const [least, most] = [Math.min(...all.map((p) => p[1])), Math.max(...all.map((p) => p[1]))];
  const beside = [least, most].map(
    (value) => `<text x="60" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">${value} ms</text>`,
  );
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} 376" font-size="12" font-family="sans-serif" ` +
    `fill="#555" role="img"><rect width="${width}" height="376" fill="#fff"/>` +
    `<text x="10" y="20" font-size="15" fill="#222">${escaped(title)}</text>` +
    `<text x="10" y="38">milliseconds of a step by the pixels of a batch, both logarithmic</text>` +
    `<path d="M70 52V334H${width - 40}" fill="none" stroke="#999"/>` +
    [...parts, ...below, ...beside].join("") +
    `<text x="${width - 40}" y="370" text-anchor="end">pixels</text></svg>\n`
  );
}

/** The numbers of a table of growth, as `curves` takes them. */
function grown({ header, rows }) {
  const sides = header.slice(1).filter((cell) => cell.includes("fastest step"));
  return sides.map((cell, k) => ({
    label: cell.replace(/:.*/, ""),
    points: rows.flatMap((cells) => {
      const sizes = /batch (\d+) of 1x(\d+)x(\d+)/.exec(cells[0])?.slice(1).map(Number);
      const time = Number(/^([\d.]+) ms/.exec(cells[k + 1] ?? "")?.[1]);
      return sizes && time > 0 ? [[sizes[0] * sizes[1] * sizes[2], time]] : [];
    }),
  }));
}

/** The numbers of a column "ratio to ..." of a table, as `bars` takes them. */
const ratios = ({ rows }, column) =>
  rows.flatMap((cells) => {
    const value = Number(/; ([\d.]+)$/.exec(cells[column] ?? "")?.[1]);
    return value > 0 ? [{ label: cells[0], value }] : [];
  });

/** The plots of a report: title and SVG by heading of its tables. */
function plotsOf(text) {
  return tablesOf(text).flatMap((table) => {
    if (table.header[0].startsWith("growth with"))
      return [{ heading: table.heading, title: table.header[0], svg: curves(table.header[0], grown(table)) }];
    return table.header.flatMap((cell, column) => {
      const [, peer] = /^ratio to ([^:]+):/.exec(cell) ?? [];
      const values = peer === undefined ? [] : ratios(table, column);
      const title = `${table.heading}: adjoint against ${peer}`;
      return values.length > 0 ? [{ heading: table.heading, title, svg: bars(title, values) }] : [];
    });
  });
}

const fileOf = (title) =>
  `${title
    .toLowerCase()
    // Names of files do not change with the versions of peers and browsers.
    .replace(/ \d+\.[\d.]+(\+\w+)?(?=[ ,:]|$)/g, "")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/-$/, "")}.svg`;

/** The plots of a report by the names of their files, and the report with references to them above its tables. */
export function withPlots(text, folder) {
  const plots = plotsOf(text);
  const below = (heading) =>
    plots.filter((plot) => plot.heading === heading).map(({ title }) => `![${title}](${folder}/${fileOf(title)})`);
  return {
    files: new Map(plots.map(({ title, svg }) => [fileOf(title), svg])),
    text: text.replace(/^### (.*)$/gm, (line, heading) => [line, ...below(heading)].join("\n\n")),
  };
}
