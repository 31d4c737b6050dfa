// Calls that check configurations with other values, and make their parts. Node only.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../common.mjs";
import { numbersOf } from "./random.mjs";

const folder = join(root, "examples", "configurations");

/** What the calls below use beside the library: `configure` checks a configuration and makes its parts. */
export async function configurationEnvironment({ Rng }) {
  const dist = (name) => import(new URL(`../../dist/cli/${name}.js`, import.meta.url).href);
  const [{ checkConfig }, { buildParts }, { Place }] = await Promise.all(["check-config", "build", "place"].map(dist));
  const configure = async (config) =>
    await buildParts(checkConfig(config, "config.json"), new Rng(0), new Place("config.json"), folder);
  return { configure };
}

/** The call of a number: a configuration that the seed and the number decide. */
export function configurationCalls() {
  const list = readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")));
  return (seed, index) => {
    const next = numbersOf(seed, index);
    const config = changed(list[Math.floor(next() * list.length)], next);
    return { callee: "configure", args: [JSON.stringify(config)], asynchronous: true };
  };
}

/** Values that somebody may write in the place of another. */
export const ANYTHING = [
  null,
  true,
  0,
  -1,
  0.5,
  3,
  1e9,
  1e300,
  "",
  "SupLoss",
  "Shift",
  "none",
  "constructor",
  "__proto__",
  [],
  {},
  [[]],
  [null],
  { name: null },
  { name: "toString" },
  { name: "SupLoss", weight: {} },
  { file: 3 },
  [[1, [2]]],
  { name: "compose", list: [null], noise: 1 },
  { loss: {}, weight: 1 },
  "x".repeat(1000),
  "adjoint:examples/images",
];

/** A copy of a configuration with one to three values replaced, left out, or of another place. */
function changed(config, next) {
  const pick = (list) => list[Math.floor(next() * list.length)];
  const copy = structuredClone(config);
  for (let k = Math.floor(next() * 3); k >= 0; k--) {
    const places = [];
    const visit = (value) => {
      if (typeof value !== "object" || value === null) return;
      for (const key of Object.keys(value)) {
        places.push([value, key]);
        visit(value[key]);
      }
    };
    visit(copy);
    if (places.length === 0) break;
    const [owner, key] = pick(places);
    const kind = next();
    if (kind < 0.6) owner[key] = structuredClone(pick(ANYTHING));
    else if (kind < 0.75) delete owner[key];
    else if (kind < 0.9) {
      const [other, name] = pick(places);
      owner[key] = structuredClone(other[name] ?? null);
    } else owner[`${key}2`] = 1;
  }
  return copy;
}
