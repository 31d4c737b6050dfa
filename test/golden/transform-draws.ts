import { tensor } from "../../ts/tensor/index.js";
import type { Transform } from "../../ts/transform/index.js";
import type { CaseData } from "./case-data.js";
import type { DrawSpec } from "./format.js";

/** The recorded transforms; one without parameters draws nothing. */
function recordedTransforms({ golden }: CaseData): DrawSpec[] {
  return golden.draws.filter(({ kind, params }) => kind === "transform" && Object.keys(params ?? {}).length > 0);
}

/** How many of the recorded transforms a case has used. */
const used = new WeakMap<CaseData, number>();

/** Lets a transform of a case take the recorded parameters, in order, instead of drawing its own. */
export function replayParams(transform: Transform, data: CaseData): void {
  const { name } = data.golden;
  transform.getParams = () => {
    const recorded = recordedTransforms(data);
    const at = used.get(data) ?? 0;
    used.set(data, at + 1);
    const draw = recorded[at];
    if (!draw) throw new Error(`${name}: a transform is drawn, but all ${at} recorded ones are used`);
    if (draw.class !== transform.constructor.name)
      throw new Error(`${name}: a ${transform.constructor.name} is drawn, but a ${draw.class} is recorded`);
    return Object.fromEntries(
      Object.entries(draw.params ?? {}).map(([parameter, key]) => [
        parameter,
        tensor(data.raw(key).data, { shape: data.raw(key).shape, dtype: "float64", device: "cpu" }),
      ]),
    );
  };
}

/** Throws where recorded transforms were not asked for. */
export function transformsDone(data: CaseData): void {
  const recorded = recordedTransforms(data).length;
  const count = used.get(data) ?? 0;
  if (count !== recorded)
    throw new Error(`${data.golden.name}: ${count} of ${recorded} recorded transforms were asked for`);
}
