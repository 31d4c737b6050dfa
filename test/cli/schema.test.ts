import { Ajv } from "ajv";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { checkConfig } from "../../ts/cli/check-config.js";
import { classes, configOptions } from "../../ts/cli/classes.generated.js";
import type { Kind, OptionType } from "../../ts/cli/option-type.js";
import { UsageError } from "../../ts/cli/errors.js";
import { configOf } from "./configuration.js";
import { sampleOf, valuesOf } from "./samples.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string): unknown => JSON.parse(readFileSync(join(root, path), "utf8"));
const schema = read("docs/config.schema.json") as {
  readonly definitions: Readonly<
    Record<
      string,
      {
        readonly description?: string;
        readonly properties?: Readonly<Record<string, { readonly description?: string }>>;
      }
    >
  >;
};
const ajv = new Ajv({
  allErrors: false,
  strict: true,
  allowUnionTypes: true,
  strictRequired: false,
  strictTypes: false,
});
const validate = ajv.compile(schema);

/** Whether the schema and the command's own check accept a configuration; they must agree. */
function accepted(config: unknown, what: string): boolean {
  const bySchema = validate(config);
  const byCheck = ((): boolean => {
    try {
      checkConfig(config, "config.json");
      return true;
    } catch (error) {
      if (error instanceof UsageError) return false;
      throw error;
    }
  })();
  expect([what, bySchema]).toEqual([what, byCheck]);
  return byCheck;
}

/** A configuration in which an object of a kind stands somewhere. */
function holding(kind: Kind, value: unknown): Record<string, unknown> {
  const denoiser = { name: "DnCNN", depth: 2, nf: 1 };
  const places: Readonly<Record<Kind, object>> = {
    loss: { losses: [value] },
    metric: { metrics: [value] },
    adversarialMetric: { losses: [{ name: "UAIRGeneratorLoss", metricGan: value }] },
    transform: { losses: [{ name: "EILoss", transform: value }] },
    physics: { physics: value },
    noise: { physics: { name: "Denoising", noise: value } },
    generator: { losses: [{ name: "MOILoss", physicsGenerator: value }] },
    filter: { physics: { name: "Blur", filter: value } },
    model: { model: value },
    layer: { model: { name: "Sequential", layers: [value, denoiser] } },
    optimizer: { optimizer: value },
    schedule: { schedule: value },
    dataset: { data: { train: value } },
    logger: { loggers: [value] },
  };
  return configOf(places[kind]);
}

const entries = (Object.keys(classes) as Kind[]).flatMap((kind) =>
  Object.keys(classes[kind]).map((name): [Kind, string] => [kind, name]),
);

describe("the JSON schema of configurations", () => {
  it("has every class with its options, each with a description", () => {
    for (const [kind, name] of entries) {
      const definition = schema.definitions[`${kind}.${name}`];
      expect(Object.keys(definition?.properties ?? {}).sort()).toEqual(
        ["name", ...Object.keys(classes[kind][name]!.options)].sort(),
      );
      expect([kind, name, definition?.description]).toEqual([kind, name, expect.stringMatching(/\w+/)]);
      for (const [key, option] of Object.entries(definition?.properties ?? {}))
        if (key !== "name")
          expect([kind, name, key, option.description]).toContainEqual(expect.stringMatching(/\w\w+/));
    }
  });

  it.each(entries)(
    "accepts %s %s with any of its options, and refuses other types and names, as the check does",
    (kind, name) => {
      const sample = sampleOf(kind, name);
      expect(accepted(holding(kind, sample), name)).toBe(true);
      expect(accepted(holding(kind, { ...sample, noSuchOption: 1 }), `${name}.noSuchOption`)).toBe(false);
      expect(accepted(holding(kind, { ...sample, name: `${name}s` }), `${name}s`)).toBe(false);
      for (const [key, { type, required }] of Object.entries(classes[kind][name]!.options)) {
        for (const value of valuesOf(type))
          expect([key, value, accepted(holding(kind, { ...sample, [key]: value }), `${name}.${key}`)]).toEqual([
            key,
            value,
            true,
          ]);
        for (const wrong of [{ no: { such: "thing" } }, "no such word", 3, [[true]]])
          if (!hasForm(type, wrong))
            expect([key, accepted(holding(kind, { ...sample, [key]: wrong }), `${name}.${key}`)]).toEqual([key, false]);
        if (!required) continue;
        const { [key]: _, ...without } = sample;
        expect(accepted(holding(kind, without as never), `${name} without ${key}`)).toBe(false);
      }
    },
  );

  it("agrees with the check on the keys of a configuration", () => {
    for (const [key, { type }] of Object.entries(configOptions)) {
      for (const value of valuesOf(type)) expect(accepted(configOf({ [key]: value }), key)).toBe(true);
      expect(accepted(configOf({ [key]: { no: "such" } }), key)).toBe(false);
    }
    const cases: [string, object, boolean][] = [
      ["a schema's address", { $schema: "./config.schema.json" }, true],
      ["an unknown key", { epoch: 1 }, false],
      ["a loss by name alone", { losses: ["SupLoss"] }, true],
      ["one loss", { losses: { name: "SupLoss", weight: 2 } }, true],
      ["a loss by name alone that needs options", { losses: ["EILoss"] }, false],
      ["a loss with its weight around", { losses: [{ loss: "TVLoss", weight: 2 }] }, true],
      ["a weight that is a text", { losses: [{ name: "SupLoss", weight: "2" }] }, false],
      [
        "a composition of transforms",
        { losses: [{ name: "EILoss", transform: ["Shift", { name: "Reflect" }] }] },
        true,
      ],
      ["a tensor in a file", { physics: { name: "Blur", filter: { file: "psf.png" } } }, true],
    ];
    for (const [what, change, valid] of cases) expect([what, accepted(configOf(change), what)]).toEqual([what, valid]);
    for (const missing of ["data", "physics", "model", "losses"])
      expect(accepted(configOf({ [missing]: undefined }), missing)).toBe(false);
  });

  it.each(readdirSync(join(root, "examples/configurations")).filter((name) => name.endsWith(".json")))(
    "accepts examples/configurations/%s",
    (name) => expect(accepted(read(`examples/configurations/${name}`), name)).toBe(true),
  );

  it("is exported by the package", () => {
    const { exports, files } = read("package.json") as { exports: Record<string, unknown>; files: string[] };
    expect(exports["./config.schema.json"]).toBe("./docs/config.schema.json");
    expect(files).toContain("docs");
  });
});

/** Whether a value may be of a type, so that it is no wrong one. */
function hasForm(type: OptionType, value: unknown): boolean {
  if (typeof type === "object" && "either" in type) return type.either.some((part) => hasForm(part, value));
  if (typeof value === "number") return type === "number";
  if (typeof value === "string") return type === "string" || type === "path";
  return false;
}
