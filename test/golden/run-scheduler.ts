import { type BaseLossScheduler, Loss, type NestedLosses } from "../../ts/loss/index.js";
import { full, stack, type Tensor } from "../../ts/tensor/index.js";
import type { CaseData } from "./case-data.js";
import { replay } from "./draws.js";
import { findClass } from "./library.js";
import type { Result } from "./result.js";

/** Loss i of the cases: it returns 2^i. */
class Stub extends Loss {
  readonly assumptions = { noise: "any", operator: "any", needs: [], adapted: false } as const;
  constructor(
    readonly index: number,
    private readonly data: CaseData,
  ) {
    super();
  }
  get name(): string {
    return String(this.index);
  }
  forward(): Tensor {
    return full([], 2 ** this.index, this.data.setting);
  }
}

type Numbers = number | readonly Numbers[];

/** Calls a scheduler as often as the case lists calls, and compares which losses each used. */
export function runScheduler(data: CaseData): Result {
  const { golden } = data;
  const { nLosses, losses, ...params } = golden.params as { nLosses?: number; losses?: Numbers };
  const build = (entry: Numbers): NestedLosses =>
    typeof entry === "number" ? new Stub(entry, data) : entry.map(build);
  const entries = build(losses ?? Array.from({ length: nLosses ?? 0 }, (_, i) => i));
  const scheduler = new (findClass(golden.class, golden.name))({ ...params, losses: entries }) as BaseLossScheduler;
  const rng = replay(data);
  const selected = golden.expected.outputs?.selected as readonly (readonly [number, readonly number[]])[];
  const values = selected.map(([epoch]) => {
    const value = scheduler.forward({ epoch, rng });
    return { value: value.to(data.setting.dtype), call: [epoch, scheduler.active.map(Number)] };
  });
  rng.assertDone();
  const got = JSON.stringify(values.map(({ call }) => call));
  if (got !== JSON.stringify(selected))
    throw new Error(`${golden.name}: the losses used are ${got}, expected ${JSON.stringify(selected)}`);
  return {
    value: stack(
      values.map(({ value }) => value),
      0,
    ),
    plain: new Set(["selected"]),
  };
}
