import { beforeAll, describe, expect, it } from "vitest";
import { checkConfig } from "../../ts/cli/check-config.js";
import { classes, configOptions, notNamed } from "../../ts/cli/classes.generated.js";
import { make } from "../../ts/cli/make.js";
import type { Kind, OptionEntry } from "../../ts/cli/option-type.js";
import { Place } from "../../ts/cli/place.js";
import * as adjoint from "../../ts/node.js";
import { AdjointError, init } from "../../ts/runtime/index.js";
import { configOf } from "./configuration.js";
import { sampleOf } from "./samples.js";

beforeAll(() => init({ device: "cpu" }));

type Class = (new (...args: unknown[]) => object) & { readonly prototype: object };

/** The base class of each kind whose objects have one. */
const bases: Readonly<Partial<Record<Kind, readonly Class[]>>> = {
  loss: [adjoint.loss.Loss as never],
  metric: [adjoint.metric.Metric as never],
  adversarialMetric: [adjoint.loss.adversarial.DiscriminatorMetric as never],
  transform: [adjoint.transform.Transform as never],
  physics: [adjoint.physics.Physics as never, adjoint.physics.StackedPhysics as never],
  noise: [adjoint.physics.NoiseModel as never],
  generator: [adjoint.physics.PhysicsGenerator as never],
  filter: [adjoint.Tensor as never],
  model: [adjoint.nn.Module as never],
  layer: [adjoint.nn.Module as never],
  optimizer: [adjoint.optim.Optimizer as never],
  schedule: [adjoint.optim.Schedule as never],
};

const isClass = (value: unknown): value is Class =>
  typeof value === "function" && /^class\b/.test(Function.prototype.toString.call(value));

/** All classes that the namespaces export, by path. */
function exported(namespace: object, path: string): [string, Class][] {
  return Object.entries(namespace).flatMap(([name, value]): [string, Class][] => {
    const here = `${path}.${name}`;
    if (isClass(value)) return [[here, value]];
    return typeof value === "object" && value !== null && Object.prototype.toString.call(value) === "[object Module]"
      ? exported(value, here)
      : [];
  });
}

const all = Object.entries(adjoint).flatMap(([name, value]) =>
  Object.prototype.toString.call(value) === "[object Module]" ? exported(value, name) : [],
);
const named = all.filter(([path]) => !Object.hasOwn(notNamed, path));
const entries = (Object.keys(classes) as Kind[]).flatMap((kind) =>
  Object.keys(classes[kind]).map((name): [Kind, string] => [kind, name]),
);
/** What an object of a kind acts on. */
const on = (kind: Kind): unknown => {
  const parameters = [adjoint.zeros([1])];
  return kind === "optimizer" ? parameters : new adjoint.optim.SGD(parameters, { lr: 0.1 });
};

describe("every class that the library exports", () => {
  it("can be named, or is an exception with a reason", () => {
    expect(all.length).toBeGreaterThan(170);
    for (const [path, Class] of named) {
      const kinds = entries.filter(([, name]) => name === Class.name).map(([kind]) => kind);
      const fits = kinds.some(
        (kind) => !bases[kind] || bases[kind].some((base) => Class === base || Class.prototype instanceof base),
      );
      expect(fits, `${path}: npm run generate, or a reason in scripts/config/not-named.mjs`).toBe(true);
    }
    for (const [path, reason] of Object.entries(notNamed)) {
      expect(all.map(([each]) => each)).toContain(path);
      expect(reason.length).toBeGreaterThan(10);
    }
  });

  it.each(entries)("%s %s is made from its name and options", async (kind, name) => {
    const made = await make(sampleOf(kind, name), { kind }, new Place("config.json", kind), {
      folder: ".",
      on: on(kind),
    });
    if (bases[kind]) expect(bases[kind].some((base) => made instanceof base)).toBe(true);
    // Further names are functions, in lower case.
    if (/^[A-Z]/.test(name)) expect((made as object).constructor.name).toBe(name);
  });

  it("has its options in the table, but those that JSON cannot express", () => {
    const functions = ["A", "AAdjoint", "sensorModel"];
    let compared = 0;
    for (const [path, Class] of named) {
      const found = entries.filter(
        ([kind, name]) => name === Class.name && (kind !== "model" || path.startsWith("nn.")),
      );
      for (const [kind, name] of found) {
        const known = acceptedOptions(Class, on(kind));
        if (!known) continue;
        compared += 1;
        const options = Object.keys(classes[kind][name]!.options).filter((key) => key !== "noise");
        const expected = known.filter((key) => key !== "rng" && !functions.includes(key));
        expect([path, options.sort()]).toEqual([path, expected.sort()]);
      }
    }
    expect(compared).toBeGreaterThan(110);
  });

  it("is checked before anything is made", () => {
    for (const [kind, name] of entries.filter(([each]) => each === "loss"))
      expect(checkConfig(configOf({ losses: [sampleOf(kind, name)] }), "config.json")).toBeDefined();
    for (const key of Object.keys(configOptions)) expect((configOptions[key] as OptionEntry).type).toBeDefined();
  });
});

/** The options that a class lists where it is given an unknown one; undefined where it complains of something else. */
function acceptedOptions(Class: Class, on_: unknown): string[] | undefined {
  const leading = Class.prototype instanceof adjoint.optim.Optimizer ? [[adjoint.zeros([1])]] : [];
  const args = Class.prototype instanceof adjoint.optim.Schedule ? [on_] : leading;
  try {
    new Class(...args, { unknownOption: 1 });
  } catch (error) {
    if (!(error instanceof AdjointError)) return undefined;
    return /Valid options: (.*)\.$/.exec(error.message)?.[1]?.split(", ");
  }
  return undefined;
}
