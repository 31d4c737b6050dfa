import type { Group } from "../distributed/index.js";
import type { Module } from "../nn/index.js";
import { ArgumentError } from "../runtime/index.js";
import { noGrad, type Tensor } from "../tensor/index.js";
import type { MicroBatch } from "./micro-batch.js";
import { type Moments, NormCalls } from "./norm-calls.js";
import type { Ranks } from "./ranks.js";

/** What the ranks do together in a descent. */
interface Synced {
  readonly group: Group;
  readonly ranks: Ranks;
  readonly modules: readonly Module[];
  readonly buffers: readonly Tensor[];
}

/** What a micro-batch gives: the gradients of its images, and the buffers after it, which the caller frees. */
export interface SyncedPass {
  readonly gradients: readonly Tensor[];
  readonly buffers: readonly Tensor[];
}

/** One micro-batch during a descent. */
interface Part {
  readonly batch: MicroBatch;
  readonly calls: NormCalls;
  buffers: readonly Tensor[];
}

/** Instead of the number of a layer: the pass has no further batch norm. */
const FINISHED = -2;

/**
 * A descent in which batch norms have the mean and variance of all micro-batches of the step, forwards and backwards.
 *
 * The ranks put them together in float64 in the order of the micro-batches: the same bits for any number of ranks. A
 * pass is made again for each of its batch norms, up to it (see {@link NormCalls}): a call of a layer cannot wait for
 * what other ranks send. All micro-batches of a rank are held meanwhile.
 *
 * @param own the micro-batches of this rank; `use` gets what each gives, in their order.
 */
export async function onSyncedPasses(
  own: readonly (MicroBatch | undefined)[],
  descent: number,
  synced: Synced,
  use: (pass: SyncedPass | undefined, batch: MicroBatch | undefined) => Promise<void>,
): Promise<void> {
  const { group, ranks } = synced;
  const parts = own.map((batch): Part | undefined => batch && { batch, calls: new NormCalls(), buffers: [] });
  const live = parts.filter((part) => part !== undefined);
  const before = noGrad(() => synced.buffers.map((buffer) => buffer.clone()));
  try {
    let found: number[][] = [];
    let count = 0;
    do {
      const lacking = await ranks.agreed(async () => {
        if (found.length > 0) for (const { calls } of live) calls.give(momentsOfAll(found));
        for (const part of live) pass(part, descent, synced, before);
        return await Promise.all(live.map(async ({ calls }) => await lackingOf(calls, synced)));
      });
      found = await gathered(group, lacking);
      count += 1;
    } while (found.some(([layer]) => layer !== FINISHED));
    await ranks.agreed(() => live.forEach(({ batch, calls }) => calls.differentiate(batch.images)));
    for (let index = count - 2; index >= 0; index--) {
      const ofMoments = await ranks.agreed(
        async () => await Promise.all(live.map(async ({ calls }) => await calls.ofMoments(index))),
      );
      const sums = summed(await gathered(group, ofMoments));
      await ranks.agreed(() => live.forEach(({ calls }) => calls.through(index, sums)));
    }
    await ranks.agreed(async () => {
      for (const part of parts) {
        await use(part && { gradients: part.calls.gradients, buffers: part.buffers }, part?.batch);
        part?.calls.dispose();
      }
    });
  } finally {
    for (const value of before) value.dispose();
    for (const { calls, buffers } of live) {
      calls.dispose();
      for (const value of buffers) value.dispose();
    }
  }
}

/** Runs a pass until the next batch norm; the buffers are those from before the step. */
function pass(part: Part, descent: number, { buffers }: Synced, before: readonly Tensor[]): void {
  if (part.calls.finished) return;
  noGrad(() => buffers.forEach((buffer, i) => buffer.assign_((before[i] as Tensor).clone())));
  if (part.batch.attempt(descent, part.calls)) part.buffers = noGrad(() => buffers.map((buffer) => buffer.clone()));
}

/** The number of the layer that lacks its moments, and those of a micro-batch: their number, means and variances. */
async function lackingOf(calls: NormCalls, { modules }: Synced): Promise<number[]> {
  const lacking = await calls.lacking();
  if (!lacking) return [FINISHED];
  const { layer, own } = lacking;
  return [modules.indexOf(layer as Module), own.count, ...own.mean, ...own.variance];
}

/** @throws ArgumentError `invalid_argument` where the micro-batches call different layers. */
function momentsOfAll(found: readonly number[][]): Moments {
  const [first = []] = found;
  if (found.some((part) => part.length !== first.length || part[0] !== first[0])) {
    throw new ArgumentError(
      "Trainer: syncBatchNorm needs that every batch of a step calls the same batch norms in the same order, which " +
        "they do not here; give all data sets losses that use the model alike, or train without syncBatchNorm.",
      "invalid_argument",
    );
  }
  const channels = (first.length - 2) / 2;
  const parts = found.map(([, count = 0, ...values]) => ({
    count,
    mean: values.slice(0, channels),
    variance: values.slice(channels),
  }));
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  const mean = first
    .slice(2, 2 + channels)
    .map((_, c) => parts.reduce((sum, part) => sum + part.count * (part.mean[c] as number), 0) / count);
  const variance = mean.map((m, c) => {
    const squares = parts.map(
      (part) => part.count * ((part.variance[c] as number) + ((part.mean[c] as number) - m) ** 2),
    );
    return squares.reduce((sum, value) => sum + value, 0) / count;
  });
  return { count, mean, variance };
}

function summed(lists: readonly number[][]): number[] {
  const [first = [], ...rest] = lists;
  return first.map((value, i) => rest.reduce((sum, list) => sum + (list[i] as number), value));
}

/** Lists of numbers of all ranks, in their order: a list is its length and its numbers. */
async function gathered(group: Group, own: readonly number[][]): Promise<number[][]> {
  const flat = Float64Array.from(own.flatMap((list) => [list.length, ...list]));
  const all = await group.allGather(new Uint8Array(flat.buffer));
  return all.flatMap((bytes) => {
    const values = new Float64Array(bytes.slice().buffer);
    const lists: number[][] = [];
    for (let at = 0; at < values.length; at += 1 + (values[at] as number))
      lists.push([...values.subarray(at + 1, at + 1 + (values[at] as number))]);
    return lists;
  });
}
