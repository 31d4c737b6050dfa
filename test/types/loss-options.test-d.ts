import { it } from "vitest";
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
