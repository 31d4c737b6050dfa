import type { NoiseModel, Physics } from "../../ts/physics/index.js";
import {
  SequentialMRI,
  TensorList,
  type MRI,
  type MultiCoilMRI,
  type StackedLinearPhysics,
  type Tomography,
} from "../../ts/physics/index.js";
import { tensor, type Tensor } from "../../ts/tensor/index.js";
import type { CaseData } from "./case-data.js";
import { replay } from "./draws.js";
import { build, buildPhysics, findClass, resolve } from "./library.js";
import type { Result } from "./result.js";

/** A noise model applied to x. */
export function runNoise(data: CaseData): Result {
  const noise = build(data.golden, data) as NoiseModel;
  const rng = replay(data);
  const x = data.input("x");
  const value = noise.forward(x, { rng });
  rng.assertDone();
  return { value, leaves: new Map([["x", x]]) };
}

/** A whole measurement, or the maps of an operator. */
export function runPhysics(data: CaseData): Result {
  const physics =
    withDrawnStart(data) ?? withDrawnMatrix(buildPhysics(data) ?? (build(data.golden, data) as Physics), data);
  if (data.golden.expected.value === undefined)
    return { outputs: operatorOutputs(physics as unknown as Operator, data) };
  const rng = replay(data);
  const x = data.input("x");
  const value = physics.forward(x, { rng });
  rng.assertDone();
  return { value, leaves: new Map([["x", x]]) };
}

/** The maps of a linear operator, whose measurements are one tensor or a list. */
type Operator = Omit<StackedLinearPhysics, "A" | "AAdjoint" | "ADagger" | "proxL2"> & {
  A(x: Tensor): Tensor | TensorList;
  AAdjoint(v: Tensor | TensorList): Tensor;
  ADagger(v: Tensor | TensorList): Tensor;
  proxL2(z: Tensor, v: Tensor | TensorList, gamma: number): Tensor;
  mask?: Tensor;
  filter?: Tensor;
};

function operatorOutputs(physics: Operator, data: CaseData): Record<string, () => Tensor> {
  const { inputs } = data.golden;
  const v = () => (Array.isArray(inputs.v) ? new TensorList(data.inputs("v")) : data.input("v"));
  const whole = () => physics.A(data.input("x"));
  const outputs: Record<string, () => Tensor> = {
    A: () => whole() as Tensor,
    // The reference's A_adjoint of SequentialMRI is no adjoint: it averages over time. That is what ours has a method
    // of its own for.
    AAdjoint: () => {
      const other: unknown = physics;
      return other instanceof SequentialMRI
        ? other.toStatic().AAdjoint(other.average(data.input("v")))
        : physics.AAdjoint(v());
    },
    rss: () => (physics as unknown as MultiCoilMRI).AAdjoint(data.input("v"), { rss: true }),
    ADagger: () => physics.ADagger(v()),
    proxL2: () => physics.proxL2(data.input("z"), v(), Number(inputs.gamma)),
    AAdjointMag: () => (physics as unknown as MRI).AAdjoint(data.input("v"), { mag: true }),
    unmaskedFft: () => (physics as unknown as MRI).VAdjoint(data.input("x")),
    fbp: () => tomography(physics).fbp(data.input("v")),
    anglesDeg: () => tomography(physics).angles,
    operatorNorm: () => tensor([tomography(physics).operatorNorm], data.setting),
    mask: () => property(physics, "mask", data),
    filter: () => property(physics, "filter", data),
  };
  if (Array.isArray(inputs.v)) inputs.v.forEach((_, i) => (outputs[`A.${i}`] = () => (whole() as TensorList).at(i)));
  return outputs;
}

function tomography(physics: unknown): Tomography {
  return physics as Tomography;
}

function property(physics: Operator, name: "mask" | "filter", data: CaseData): Tensor {
  const value = physics[name];
  if (!value) throw new Error(`${data.golden.name}: the operator has no ${name}`);
  return value;
}

/**
 * Where a case gives a matrix and also the draw it comes from, the operator is made from the draw, so that
 * the case covers how it is drawn; the given matrix is compared by the maps' values.
 */
function withDrawnMatrix(physics: Physics, data: CaseData): Physics {
  const { golden } = data;
  if (golden.draws.length === 0 || golden.params.matrix === undefined) return physics;
  const rng = replay(data);
  const { matrix: _, ...options } = resolve(golden.params, data) as Record<string, unknown>;
  const drawn = new (findClass(golden.class, golden.name))({ ...options, rng }) as Physics;
  rng.assertDone();
  return drawn;
}

/**
 * A normalised Tomography whose norm is estimated from the recorded start; of the reference's two draws the first only
 * lends its shape.
 */
function withDrawnStart(data: CaseData): Physics | undefined {
  const { class: name, draws, params } = data.golden;
  if (name !== "Tomography" || draws.length === 0) return undefined;
  const rng = replay(data, draws.slice(-1));
  const drawn = new (findClass(name, data.golden.name))({ ...(resolve(params, data) as object), rng }) as Physics;
  rng.assertDone();
  return drawn;
}
