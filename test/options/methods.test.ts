import { describe, expect, it } from "vitest";
import * as p from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { memory, type Tensor } from "../../ts/tensor/index.js";

await init({ device: "cpu" });
const rng = new Rng(0);
const imgSize = [1, 8, 8];
const noiseModel = new p.GaussianNoise({ sigma: 0.1 });
const blur = new p.Blur({ filter: p.gaussianBlur({ sigma: 0.5 }), padding: "circular", noiseModel });
const images: Readonly<Record<string, p.LinearPhysics>> = {
  blur,
  blurFFT: new p.BlurFFT({ imgSize, filter: p.gaussianBlur({ sigma: 0.5 }) }),
  inpainting: new p.Inpainting({ imgSize, mask: 0.5, rng, noiseModel }),
  downsampling: new p.Downsampling({ imgSize, factor: 2, filter: "gaussian", padding: "circular" }),
  tomography: new p.Tomography({ angles: 4, imgWidth: 8 }),
  composed: p.compose(new p.Inpainting({ imgSize, mask: 0.5, rng }), blur),
};
const complex = {
  mri: new p.MRI({ imgSize: [2, 8, 8] }),
  multiCoil: new p.MultiCoilMRI({ imgSize: [2, 8, 8], coilMaps: 2 }),
  dynamic: new p.DynamicMRI({ imgSize: [2, 3, 8, 8] }),
  sequential: new p.SequentialMRI({ imgSize: [2, 3, 8, 8] }),
};
const x = rng.uniform([2, ...imgSize]);
const shapes = { mri: [1, 2, 8, 8], multiCoil: [1, 2, 8, 8], dynamic: [1, 2, 3, 8, 8], sequential: [1, 2, 8, 8] };
const measured = Object.entries(complex).map(([name, physics]) => {
  const y = physics.A(rng.uniform(shapes[name as keyof typeof shapes]));
  return [name, physics as p.LinearPhysics, y] as const;
});
const stacked = p.stack(blur, blur);
const list = stacked.A(x);

/** Calls with options; `maxIter` and so on are those that all know. */
type Call = (options: object) => unknown;
const linear = (physics: p.LinearPhysics, y: Tensor): [string, Call][] => [
  ["ADagger", (options) => physics.ADagger(y, options)],
  ["proxL2", (options) => physics.proxL2(0, y, 2, options)],
];
const calls: [string, Call][] = [
  ...Object.entries(images).flatMap(([name, physics]) =>
    linear(physics, physics.A(x)).map(([method, call]): [string, Call] => [`${name}.${method}`, call]),
  ),
  ...measured.flatMap(([name, physics, y]) =>
    linear(physics, y).map(([method, call]): [string, Call] => [`${name}.${method}`, call]),
  ),
  ["stacked.ADagger", (options) => stacked.ADagger(list, options)],
  ["stacked.proxL2", (options) => stacked.proxL2(0, list, 2, options)],
  ["computeNorm", (options) => blur.computeNorm(x, options)],
  ["stacked.computeNorm", (options) => stacked.computeNorm(x, options)],
];

describe("an option that a method does not have is refused, not ignored", () => {
  it.each(calls)("%s", (_, call) => {
    const before = memory().tensors;
    // As in deepinv, where another solver can be chosen.
    for (const options of [{ solver: "LSQR" }, { max_iter: 3 }, { maxIter: 0 }])
      expect(() => call(options)).toThrow(expect.objectContaining({ name: "ArgumentError" }));
    expect(() => call({ max_iter: 3 })).toThrow(/unknown option "max_iter"; did you mean "maxIter"\?/);
    expect(memory().tensors).toBe(before);
    expect(() => call({ maxIter: 3, tol: 0.1 })).not.toThrow();
  });

  it.each(measured)("%s.AAdjoint", (_, physics, y) => {
    const back = (options: object) =>
      (physics as { AAdjoint(y: Tensor, options: object): Tensor }).AAdjoint(y, options);
    expect(() => back({ crop: true })).toThrow(expect.objectContaining({ code: "unknown_option" }));
    const [flag = ""] = ["mag", "rss"].filter((name) => {
      try {
        return back({ [name]: true }).shape[1] === 1;
      } catch {
        return false;
      }
    });
    expect(() => back({ [flag]: "false" })).toThrow(/is "false", expected true or false/);
  });

  it("noise and adjointnessTest", () => {
    expect(() => blur.noise(x, { sigma: 0.1 } as object)).toThrow(/unknown option "sigma"/);
    expect(() => blur.adjointnessTest(x, { seed: 1 } as object)).toThrow(/unknown option "seed"/);
  });
});
