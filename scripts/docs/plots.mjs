// Plots of the benchmark's last table, as SVG: bars of the ratio of the fastest rounds, ours to the peer's.

const width = 760;
const row = 30;
const left = 400;

const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
const shortened = (text) => (text.length > 62 ? `${text.slice(0, 60)}…` : text);

/** The tables of a text: the heading above, the header's cells, the rows' cells. */
export function tablesOf(text) {
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

/** The plots of the columns "ratio to ..." of each table, and a function that puts them above the tables. */
export function benchmarkPlots(text) {
  const [files, placed] = [new Map(), new Map()];
  for (const { heading, header, rows } of tablesOf(text)) {
    for (const [column, cell] of header.entries()) {
      const [, peer] = /^ratio to ([^:]+):/.exec(cell) ?? [];
      if (peer === undefined) continue;
      const values = rows.flatMap((cells) => {
        const value = Number(/; ([\d.]+)$/.exec(cells[column] ?? "")?.[1]);
        return value > 0 ? [{ label: cells[0], value }] : [];
      });
      if (values.length === 0) continue;
      const title = `${heading}: adjoint against ${peer}`;
      const name = `${title
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, "-")
        .replace(/-$/, "")}.svg`;
      files.set(name, bars(title, values));
      placed.set(heading, [...(placed.get(heading) ?? []), `![${title}](/plots/${name})`]);
    }
  }
  const place = (document) =>
    document.replace(/^### (.*)$/gm, (line, heading) => [line, ...(placed.get(heading) ?? [])].join("\n\n"));
  return { files, place };
}
