// Runs an interleaved part of the benchmark.
import { say } from "../scripts/common.mjs";
import { measurePeaks } from "./peak/peak.mjs";
import { brief } from "./report.mjs";
import { roof } from "./roofline.mjs";
import { interleave } from "./rounds.mjs";
import { openSides } from "./sides.mjs";
import { ratio, spread } from "./statistics.mjs";
import { suites } from "./suites.mjs";

const measured = new Map();

/** The peaks of the machine with so many threads, measured once a run; undefined where they cannot be. */
function peaksOf(threads) {
  if (!measured.has(threads)) measured.set(threads, measurePeaks(threads));
  return measured.get(threads);
}

/**
 * Runs a suite. Returns its rows, with the times of each side, and the skipped sides. `wanted`: names of cases, or
 * undefined for all. `withPeaks`: whether the peaks of the machine are measured, and the share of them that rows reach.
 */
export async function runSuite(key, { wanted, ...settings }) {
  const { title, cases, prepare = () => async () => {} } = suites[key];
  const chosen = (await cases()).filter(({ name }) => !wanted || wanted.includes(name));
  if (chosen.length === 0) return { key, title, labels: [], compared: [], rows: [], skipped: [] };
  say(title);
  const undo = prepare();
  try {
    return { key, ...(await timeAll(suites[key], chosen, settings)) };
  } finally {
    await undo();
  }
}

/** Opens the sides of a suite and times the chosen cases. */
async function timeAll(
  { title, keys, warm, threads, inBrowser = false },
  chosen,
  { rounds, without = [], withPeaks = true },
) {
  const peaks = withPeaks ? peaksOf(threads) : undefined;
  const { sides, skipped, close, browser } = await openSides(
    keys.filter((side) => !without.includes(side)),
    { inBrowser },
  );
  try {
    if (withPeaks && !peaks) skipped.push("the peaks of the machine: rustc did not compile bench/peak/peak.rs");
    for (const sentence of skipped) say(`skipped: ${sentence}`);
    const rows = [];
    for (const one of sides.length > 0 ? chosen : [])
      rows.push(await timed(one, sides, { rounds: Math.min(rounds, one.rounds ?? rounds), warm, peaks }));
    return {
      title: browser ? `${title} ${browser}` : title,
      labels: sides.map(({ label }) => label),
      compared: sides.filter(({ apart }) => apart !== undefined).map(({ label, apart }) => ({ label, apart })),
      peaks,
      rows,
      skipped,
    };
  } finally {
    await close();
  }
}

/** Times a case on all sides that support it. */
async function timed({ name, label, steps, only, of, work }, sides, { rounds, warm, peaks }) {
  const here = sides.filter((side) => side.can(name) && (!only || only.includes(side.key)));
  const times = await interleave(name, steps, here, rounds, warm);
  const row = {
    name,
    label,
    of,
    work,
    roof: work && peaks ? roof(work, Math.min(...times[0]), peaks) : undefined,
    ours: spread(times[0]),
    ratios: sides.slice(1).map((side) => (here.includes(side) ? ratio(times[0], times[here.indexOf(side)]) : null)),
    times: Object.fromEntries(here.map((side, k) => [side.label, times[k]])),
  };
  const labels = sides.map((side) => side.label);
  say(brief(row, labels));
  return row;
}
