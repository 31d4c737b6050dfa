import { Module } from "../../ts/nn/index.js";
import { Denoising, GaussianNoise, type LinearPhysics } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import type { Tensor } from "../../ts/tensor/index.js";

/** Element type of the tests' images. */
export const like = { dtype: "float64" } as const;

/** The values of a tensor. */
export const list = (t: Tensor): number[] => Array.from(t.dataSync());

/** A random image with values between 0.1 and 1.1. */
export const image = (shape: number[], seed = 1): Tensor => new Rng(seed).uniform(shape, like).add(0.1);

/** Denoising of Gaussian noise. */
export const denoising = (sigma = 0.1) => new Denoising({ noiseModel: new GaussianNoise({ sigma }) });

/** Half of the adjoint; it records its inputs. */
export class Half extends Module {
  readonly inputs: Tensor[] = [];
  forward(y: Tensor, physics?: unknown): Tensor {
    this.inputs.push(y);
    return (physics as LinearPhysics).AAdjoint(y).mul(0.5);
  }
}
