import * as fc from "fast-check";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { ANYTHING } from "../../scripts/fuzz/configurations.mjs";
import { buildParts } from "../../ts/cli/build.js";
import { checkConfig, type WrittenConfig } from "../../ts/cli/check-config.js";
import { UsageError } from "../../ts/cli/errors.js";
import { Place } from "../../ts/cli/place.js";
import { Rng } from "../../ts/random/index.js";
import { AdjointError, init } from "../../ts/runtime/index.js";

beforeAll(() => init({ device: "cpu" }));

const folder = fileURLToPath(new URL("../../examples/configurations", import.meta.url));
const configurations = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .map((name) => readFileSync(join(folder, name), "utf8"));

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** The paths of all values inside a value. */
function pathsIn(value: Json, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, part]) => pathsIn(part as Json, [...path, key]))];
}

/** A copy of a value with what is at a path replaced. */
function replaced(value: Json, [key, ...rest]: readonly string[], by: Json): Json {
  if (key === undefined) return by;
  if (Array.isArray(value)) return value.map((part, i) => (String(i) === key ? replaced(part, rest, by) : part));
  const object = value as { [key: string]: Json };
  return { ...object, [key]: replaced(object[key] as Json, rest, by) };
}

/** What is written in the place of another value. */
const anything = fc.oneof(
  fc.constantFrom<Json>(...(ANYTHING as readonly Json[]), Number.POSITIVE_INFINITY),
  fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>,
);

const mutated = fc
  .constantFrom(...configurations)
  .chain((text) => fc.constantFrom(...pathsIn(JSON.parse(text) as Json)).map((path) => ({ text, path })))
  .chain(({ text, path }) => anything.map((by) => replaced(JSON.parse(text) as Json, path, by)));

/** What checking and making a configuration throws; undefined where it throws nothing. */
async function thrown(config: unknown): Promise<unknown> {
  let checked: WrittenConfig;
  try {
    checked = checkConfig(config, "config.json");
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return error;
  }
  try {
    await buildParts(checked, new Rng(0), new Place("config.json"), folder);
    return undefined;
  } catch (error) {
    return error;
  }
}

describe("a configuration with any value in the place of another", () => {
  it("is refused with an error of the library that begins with the file, or taken", async () => {
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(mutated, async (config) => {
        const error = await thrown(config);
        if (error === undefined) return;
        refused += 1;
        expect(error).toBeInstanceOf(AdjointError);
        expect((error as AdjointError).message).toMatch(/^config\.json: .*\.$/s);
      }),
      { numRuns: 600, seed: 7 },
    );
    expect(refused).toBeGreaterThan(300);
  });

  it("is refused where it is nested without end", () => {
    const nested = (open: string, close: string): unknown =>
      JSON.parse(`{ "physics": { "name": "Blur", "filter": ${open.repeat(5000)}1${close.repeat(5000)} } }`);
    for (const config of [nested("[", "]"), nested('{ "name": "compose", "list": [', "] }")])
      expect(() =>
        checkConfig({ ...(JSON.parse(configurations[0]!) as object), ...(config as object) }, "config.json"),
      ).toThrow(/^config\.json: lists and objects are 100 deep/);
  });
});
