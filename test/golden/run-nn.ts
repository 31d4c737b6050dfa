import type { Module } from "../../ts/nn/index.js";
import type { Physics } from "../../ts/physics/index.js";
import type { Tensor } from "../../ts/tensor/index.js";
import type { CaseData } from "./case-data.js";
import { buildPhysics, findClass, resolve } from "./library.js";
import { GoldenNetwork } from "./network.js";
import type { Result } from "./result.js";

type Model = Module & { forward(input: Tensor, physics?: Physics): Tensor };

/** A network with the given state; gradients are those of `sum(value * cotangent)`. */
export function runNn(data: CaseData): Result {
  const { golden } = data;
  const { model: spec = {} } = golden;
  const found = findClass(golden.class, golden.name);
  const options = resolve(golden.params, data) as Record<string, unknown>;
  const leaves = new Map<string, Tensor>();
  let model: Model;
  if (spec.layers) {
    const backboneNet = new GoldenNetwork(spec, data);
    model = new found({ ...options, backboneNet }) as Model;
    for (const [key, weight] of backboneNet.weights) leaves.set(key, weight);
  } else {
    model = new found(options) as Model;
    model.to(data.setting.dtype).to(data.setting.device);
    const state = spec.state ?? {};
    model.loadStateDict(Object.fromEntries(Object.entries(state).map(([name, key]) => [name, data.tensor(key)])));
    for (const [name, parameter] of model.namedParameters()) leaves.set(state[name] ?? name, parameter);
  }
  model.train(golden.mode === "train");
  const name = golden.inputs.y === undefined ? "x" : "y";
  const input = data.input(name);
  leaves.set(name, input);
  const value = model.forward(input, buildPhysics(data));
  const after = (): [string, () => Tensor][] =>
    Object.entries(model.stateDict()).map(([key, t]) => [`after.${key}`, () => t]);
  return {
    value,
    leaves,
    ...(golden.inputs.cotangent === undefined ? {} : { objective: value.mul(data.input("cotangent")).sum() }),
    outputs: Object.fromEntries(after()),
  };
}
