// The last run that was committed: bench/last.json, the tables of bench/README.md and its plots.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Failure, root } from "../scripts/common.mjs";
import { withPlots } from "./plots.mjs";
import { digits, markdown } from "./report.mjs";

const folder = join(root, "bench");
const file = join(folder, "last.json");
const [begin, end] = ["<!-- The last run: written by --save. -->", "<!-- End of the last run. -->"];

/** What stands in the place of a peer where a row's share of the machine's peak does. */
const PEAK = "share of the peak (more is better)";

/**
 * The ratios of a run: suite, case, peer, ratio of the fastest rounds and median; and the shares of the machine's peak.
 * Versions of peers are left out.
 */
export function ratiosOf(sections) {
  return sections.flatMap(({ key, labels, rows }) =>
    (rows ?? []).flatMap(({ name, label, ratios, roof, ours }) => [
      ...(Array.isArray(ratios) ? ratios : []).flatMap((ratio, k) =>
        ratio ? [{ suite: key, name, label, peer: labels[k + 1].replace(/ \d.*/, ""), ...pick(ratio) }] : [],
      ),
      ...(roof ? [{ suite: key, name, label, peer: PEAK, ...shares(roof, ours) }] : []),
    ]),
  );
}

const pick = ({ fastest, median }) => ({ fastest, median });
const shares = ({ share }, { min, median }) => ({ fastest: share, median: (share * min) / median });

/** Writes a run as the last one: data, and the report in the place of the one before. */
export function save(machine, rounds, sections, report) {
  const readme = join(folder, "README.md");
  const page = readFileSync(readme, "utf8");
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Failure(`bench/README.md lacks the lines "${begin}" and "${end}".`);
  const { files, text } = withPlots(report, "plots");
  rmSync(join(folder, "plots"), { recursive: true, force: true });
  mkdirSync(join(folder, "plots"));
  for (const [name, svg] of files) writeFileSync(join(folder, "plots", name), svg);
  writeFileSync(readme, `${page.slice(0, from)}${begin}\n\n${text}\n${page.slice(to)}`);
  writeFileSync(file, `${JSON.stringify({ machine, rounds, ratios: ratiosOf(sections) }, undefined, 1)}\n`);
}

/** A table of the ratios of a run beside those of the last one that was committed. */
export function comparison(sections) {
  if (!existsSync(file)) throw new Failure("there is no bench/last.json; npm run bench -- --save writes it.");
  const { machine, ratios } = JSON.parse(readFileSync(file, "utf8"));
  const key = ({ suite, name, peer }) => `${suite} ${name} ${peer}`;
  const before = new Map(ratios.map((row) => [key(row), row]));
  const rows = ratiosOf(sections).map((row) => {
    const old = before.get(key(row))?.fastest;
    const change = old === undefined ? "new" : `${digits(row.fastest / old)} times`;
    return [row.label, row.peer, old === undefined ? "-" : digits(old), digits(row.fastest), change];
  });
  const head = ["case", "ratio to", "committed", "now", "now / committed"];
  return `### Against the committed run\n\nThat was on ${machine}\n\n${markdown(head, rows)}\n`;
}
