import { ReplayRng } from "../../ts/testing/index.js";
import type { CaseData } from "./case-data.js";
import { splittingDraws } from "./splitting-draws.js";

/** The recorded random variables of a case (default: all of them), in order, as a random source. */
export function replay(data: CaseData, recorded = data.golden.draws): ReplayRng {
  const draws = recorded.flatMap((draw) => {
    if (draw.role === "splittingMask") return splittingDraws(draw, data);
    // Parameters of transforms are no draws of a random source; transforms take them by themselves.
    if (draw.kind === "transform") return [];
    if (draw.tensor === undefined)
      throw new Error(`${data.golden.name}: draws of kind "${draw.kind}" cannot be replayed yet`);
    return { kind: draw.kind, tensor: data.tensor(draw.tensor) };
  });
  return new ReplayRng(draws);
}
