import type { Transform } from "../../ts/transform/index.js";
import { ReplayRng } from "../../ts/testing/index.js";
import type { CaseData } from "./case-data.js";
import type { DrawSpec } from "./format.js";
import { splittingDraws } from "./splitting-draws.js";

const isTransform = ({ kind }: DrawSpec): boolean => kind === "transform";

/** The recorded transforms; one without parameters draws nothing. */
function recordedTransforms({ golden }: CaseData): DrawSpec[] {
  return golden.draws.filter((draw) => isTransform(draw) && Object.keys(draw.params ?? {}).length > 0);
}

/** The recorded random variables of a case, in order, as a random source; parameters of transforms are replayed by {@link replayParams}. */
export function replay(data: CaseData): ReplayRng {
  const draws = data.golden.draws.filter((draw) => !isTransform(draw)).flatMap((draw) => {
    if (draw.role === "splittingMask") return splittingDraws(draw, data);
    if (draw.tensor === undefined) throw new Error(`${data.golden.name}: draws of kind "${draw.kind}" cannot be replayed yet`);
    return { kind: draw.kind, tensor: data.tensor(draw.tensor) };
  });
  return new ReplayRng(draws);
}

/** How many of the recorded transforms a case has used. */
const used = new WeakMap<CaseData, number>();

/** Lets a transform of a case take the recorded parameters, in order, instead of drawing its own. */
export function replayParams(transform: Transform, data: CaseData): void {
  const recorded = recordedTransforms(data);
  transform.getParams = () => {
    const at = used.get(data) ?? 0;
    used.set(data, at + 1);
    const draw = recorded[at];
    if (!draw) throw new Error(`${data.golden.name}: a transform is drawn, but all ${at} recorded ones are used`);
    if (draw.class !== transform.constructor.name) throw new Error(`${data.golden.name}: a ${transform.constructor.name} is drawn, but a ${draw.class} is recorded`);
    return Object.fromEntries(Object.entries(draw.params ?? {}).map(([name, key]) => [name, Array.from(data.raw(key).data)]));
  };
}

/** Throws where recorded transforms were not asked for. */
export function transformsDone(data: CaseData): void {
  const recorded = recordedTransforms(data).length;
  const count = used.get(data) ?? 0;
  if (count !== recorded) throw new Error(`${data.golden.name}: ${count} of ${recorded} recorded transforms were asked for`);
}
