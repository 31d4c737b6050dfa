import { ReplayRng } from "../../ts/testing/index.js";
import type { CaseData } from "./case-data.js";
import { splittingDraws } from "./splitting-draws.js";

/** The recorded random variables of a case, in order, as a random source. */
export function replay(data: CaseData): ReplayRng {
  const draws = data.golden.draws.flatMap((draw) => {
    if (draw.role === "splittingMask") return splittingDraws(draw, data);
    // Parameters of transforms are no draws of a random source.
    if (draw.tensor === undefined) throw new Error(`${data.golden.name}: draws of kind "${draw.kind}" cannot be replayed yet`);
    return { kind: draw.kind, tensor: data.tensor(draw.tensor) };
  });
  return new ReplayRng(draws);
}
