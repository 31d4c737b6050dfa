// What docs/evidence.json says of each class of loss, for the tables of losses.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../common.mjs";
import { tasks } from "./tasks.mjs";

/** Losses that others are added to. */
const beside = new Set(["MCLoss", "SupLoss"]);

/** The classes that make a row of the evidence what it is: consistency and ground truth only where nothing else is. */
function classesOf({ terms }) {
  const names = [...new Set(terms.map(({ loss }) => loss.name))];
  const own = names.filter((name) => !beside.has(name));
  return own.length > 0 ? own : names;
}

/**
 * For each class of loss the tasks that measured it and by how many dB, in tenths, it was below supervised training
 * there, its best row of a task: `{ EILoss: [{ task, below }] }`.
 */
export function evidenceByLoss() {
  const { rows } = JSON.parse(readFileSync(join(root, "docs", "evidence.json"), "utf8"));
  const found = {};
  for (const { task, loss, gap } of rows) {
    const described = tasks.find(({ id }) => id === task)?.losses[loss];
    if (gap === undefined || gap === null || described?.terms === undefined) continue;
    // Tenths, and no -0.
    const below = Math.round(10 * gap) / 10 || 0;
    for (const name of classesOf(described)) {
      if (name === "SupLoss") continue;
      const list = (found[name] ??= []);
      const known = list.find((entry) => entry.task === task);
      if (known) known.below = Math.min(known.below, below);
      else list.push({ task, below });
    }
  }
  return found;
}
