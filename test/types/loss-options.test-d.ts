import { it } from "vitest";
import { mri, SureGaussianLoss, SurePGLoss, SurePoissonLoss } from "../../ts/loss/index.js";
import type { Tensor } from "../../ts/tensor/index.js";
import { flag, number, type OptionReaders, readOptions, required } from "../../ts/loss/options.js";

interface Options {
  sigma: number;
  tau?: number;
  unsure?: boolean;
}
declare const options: Options;

const sigma = required("the standard deviation");
const tau = number(0.01);
const unsure = flag(false);

it("a table of option readers has exactly the keys of the interface, with their types", () => {
  const values = readOptions("Loss", options, { sigma, tau, unsure });
  const read: { readonly sigma: number; readonly tau: number; readonly unsure: boolean } = values;
  void read;
  void ({ sigma, tau, unsure } satisfies OptionReaders<Options>);
  // @ts-expect-error unsure is missing
  void ({ sigma, tau } satisfies OptionReaders<Options>);
  // @ts-expect-error there is no option gain
  void ({ sigma, tau, unsure, gain: tau } satisfies OptionReaders<Options>);
  // @ts-expect-error tau is a number
  void ({ sigma, tau: unsure, unsure } satisfies OptionReaders<Options>);
  // @ts-expect-error unsure is missing
  readOptions("Loss", options, { sigma, tau });
  const surplus = { sigma, tau, unsure, gain: tau };
  // @ts-expect-error there is no option gain
  readOptions("Loss", options, surplus);
});

it("a noise level is a number, a tensor or that of the physics", () => {
  const level = {} as Tensor;
  void (() => [
    new SureGaussianLoss({ sigma: level }),
    new SureGaussianLoss({ sigma: "physics" }),
    new SurePoissonLoss({ gain: level }),
    new SurePoissonLoss({ gain: "physics" }),
    new SurePGLoss({ sigma: level, gain: "physics" }),
    new mri.ENSURELoss({ sigma: "physics", maskAverage: level }),
    // @ts-expect-error No such level.
    new SureGaussianLoss({ sigma: "auto" }),
    // @ts-expect-error A list is no tensor.
    new SurePoissonLoss({ gain: [0.1, 0.2] }),
  ]);
});
