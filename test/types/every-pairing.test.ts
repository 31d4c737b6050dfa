import { beforeAll, describe, expect, it } from "vitest";
import { compatibleLosses, type LossName, lossAssumptions } from "../../ts/loss/index.js";
import { noiseKinds, type NoiseModel, Physics } from "../../ts/physics/index.js";
import { init } from "../../ts/runtime/index.js";
import { everyNoise, everyOperator } from "../loss/every.js";
import { compilerErrors } from "./compiler-errors.js";

beforeAll(() => init({ device: "cpu" }));

/** An operator of each kind as a program writes it, with a noise model n. */
const written: Readonly<Record<keyof typeof everyOperator | "nonlinear", string>> = {
  denoising: "new p.Denoising({ noiseModel: n })",
  inpainting: "new p.Inpainting({ imgSize, noiseModel: n })",
  demosaicing: "new p.Demosaicing({ imgSize, noiseModel: n })",
  blur: "new p.Blur({ noiseModel: n })",
  blurFFT: "new p.BlurFFT({ imgSize, noiseModel: n })",
  downsampling: "new p.Downsampling({ noiseModel: n })",
  compressedSensing: "new p.CompressedSensing({ imgSize, m: 3, noiseModel: n })",
  singlePixelCamera: "new p.SinglePixelCamera({ imgSize, m: 3, noiseModel: n })",
  mri: "new p.MRI({ noiseModel: n })",
  multiCoilMRI: "new p.MultiCoilMRI({ noiseModel: n })",
  dynamicMRI: "new p.DynamicMRI({ noiseModel: n })",
  sequentialMRI: "new p.SequentialMRI({ noiseModel: n })",
  tomography: "new p.Tomography({ angles: 3, imgWidth: 8, noiseModel: n })",
  decolorize: "new p.Decolorize({ noiseModel: n })",
  pansharpen: "new p.Pansharpen({ imgSize, noiseColor: n, noiseGray: n })",
  composed: "p.compose(new p.Denoising({}), new p.Inpainting({ imgSize, noiseModel: n }))",
  stacked: "p.stack(new p.Denoising({ noiseModel: n }), new p.Denoising({ noiseModel: n }))",
  // The type of an operator of one's own names no kind unless the program does.
  custom: 'new p.LinearPhysics<typeof n, "custom">({ A: same, AAdjoint: same, noiseModel: n })',
  nonlinear: 'new p.Physics<typeof n, "custom">({ A: same, noiseModel: n })',
};

/** The loss's class in the namespace of losses. */
const classOf = (name: LossName): string => {
  const folder = /Generator|Discriminator/.test(name)
    ? "adversarial."
    : /^(Weighted|Robust|Phase2|Artifact2|ENSURE)/.test(name)
      ? "mri."
      : "";
  return `l.${folder}${name}`;
};

/** A program with a `Fits` for each loss, noise and operator, which does not compile where it differs from a call. */
function programOf(fits: string, losses: readonly LossName[]): string {
  const physics = { ...everyOperator, nonlinear: (noiseModel: NoiseModel) => new Physics({ A: (x) => x, noiseModel }) };
  const lines = noiseKinds.flatMap((noise) =>
    (Object.keys(written) as (keyof typeof written)[]).map((operator) => {
      const fitting = compatibleLosses(physics[operator](everyNoise[noise]()));
      const expected = losses.map((name) => (fitting.includes(name) ? name : `!${name}`));
      const className = everyNoise[noise]().constructor.name;
      return (
        `{ const n = new p.${className}(); const physics = ${written[operator]}; ` +
        `const fits: Pairing<typeof physics> = ${JSON.stringify(expected)}; }`
      );
    }),
  );
  const outcome = (name: LossName): string => `Fits<${classOf(name)}, P> extends true ? "${name}" : "!${name}"`;
  return `
import type * as l from "../../ts/loss/index.js";
import * as p from "../../ts/physics/index.js";
import type { Tensor } from "../../ts/tensor/index.js";
const imgSize = [1, 8, 8];
const same = (t: Tensor) => t;
type Loss = { forward(args: never): unknown };
${fits}
type Pairing<P> = [${losses.map(outcome).join(", ")}];
${lines.join("\n")}
`;
}

describe("for every loss, noise and operator the compiler refuses what the loss refuses", () => {
  const all = Object.keys(lossAssumptions) as LossName[];

  it("when it is called", async () => {
    const fits = `
type PhysicsFor<L extends Loss> = Parameters<L["forward"]>[0] extends { physics?: infer Q } ? Q : never;
type Fits<L extends Loss, P> = P extends PhysicsFor<L> ? true : false;`;
    const losses = all.filter((name) => (lossAssumptions[name].needs as readonly string[]).includes("physics"));
    expect(await compilerErrors(programOf(fits, losses))).toEqual([]);
  }, 120_000);

  it("in the options of a Trainer", async () => {
    const fits = `type Fits<L, P> = [l.PairingFault<L, P>] extends [never] ? true : false;`;
    expect(await compilerErrors(programOf(fits, all))).toEqual([]);
  }, 120_000);
});
