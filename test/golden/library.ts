import * as loss from "../../ts/loss/index.js";
import * as metric from "../../ts/metric/index.js";
import * as nn from "../../ts/nn/index.js";
import * as optim from "../../ts/optim/index.js";
import * as physics from "../../ts/physics/index.js";
import type { Physics } from "../../ts/physics/index.js";
import * as transform from "../../ts/transform/index.js";
import type { CaseData } from "./case-data.js";
import type { Spec } from "./format.js";
import { replayParams } from "./transform-draws.js";

/** Where the classes of the cases are looked for. A new folder of the library is added here. */
const NAMESPACES: readonly Readonly<Record<string, unknown>>[] = [loss, metric, physics, nn, optim, transform];

type Constructor = new (...args: readonly unknown[]) => unknown;

/** The class of the library with this name; `mri.X` is looked for in the namespace `mri` of one of these. */
export function findClass(name: string, caseName: string): Constructor {
  for (const namespace of NAMESPACES) {
    let found: unknown = namespace;
    for (const part of name.split(".")) found = (found as Record<string, unknown> | undefined)?.[part];
    if (typeof found === "function") return found as Constructor;
  }
  throw new Error(`${caseName}: the library has no class "${name}"`);
}

/** Makes an object of the library from a class and its arguments. */
export function build(spec: Spec, data: CaseData): unknown {
  const found = findClass(spec.class, data.golden.name);
  const options = resolve(spec.params ?? {}, data) as Record<string, unknown>;
  // Beside a single operator the list holds those of the loss.
  if (spec.list && /^(Stacked|Composed)/.test(spec.class)) options.list = spec.list.map((part) => build(part, data));
  // No noise is the default of every operator but Denoising; lists of operators have no noise of their own.
  if (spec.noise && (spec.noise.class !== "ZeroNoise" || spec.class === "Denoising"))
    options.noiseModel = build(spec.noise, data);
  const made = new found(options);
  if (made instanceof transform.Transform) replayParams(made, data);
  if (made instanceof nn.Module && spec.state) {
    made.to(data.setting.dtype);
    made.loadStateDict(Object.fromEntries(Object.entries(spec.state).map(([key, name]) => [key, data.tensor(name)])));
  }
  return made;
}

/** The arguments of a constructor with tensors, objects and references put in. */
export function resolve(value: unknown, data: CaseData): unknown {
  if (Array.isArray(value)) return value.map((entry: unknown) => resolve(entry, data));
  if (typeof value !== "object" || value === null) return value;
  const object = value as Record<string, unknown>;
  if (typeof object.tensor === "string") return data.tensor(object.tensor);
  if (typeof object.$ref === "string") return build(reference(object.$ref, data), data);
  if (typeof object.class === "string") return build(object as unknown as Spec, data);
  return Object.fromEntries(Object.entries(object).map(([key, entry]) => [key, resolve(entry, data)]));
}

/** The object of the JSON that a path such as `physics.list[1]` points to. */
function reference(path: string, data: CaseData): Spec {
  let found: unknown = data.golden;
  for (const part of path.split(/[.[\]]+/).filter(Boolean))
    found = (found as Record<string, unknown> | undefined)?.[part];
  if (typeof found !== "object" || found === null) throw new Error(`${data.golden.name}: "${path}" points to nothing`);
  return found as Spec;
}

/** The physics of a case. */
export function buildPhysics(data: CaseData): Physics | undefined {
  return data.golden.physics ? (build(data.golden.physics, data) as Physics) : undefined;
}
