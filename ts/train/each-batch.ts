import { type Batch, DataCheck, DataLoader, disposeSample, type LoaderState, type Measurement } from "../data/index.js";
import { type RandomSource, Rng, seedValue } from "../random/index.js";
import { yieldToEventLoop } from "./event-loop.js";
import type { Examples } from "./options.js";
import type { Ranks } from "./ranks.js";

/** How an evaluation runs. */
export interface EvaluationRun {
  /** Share the batches. */
  readonly ranks: Ranks;
  /** Asked after each batch whether to end. Default: never. */
  readonly stop?: () => boolean;
}

/** Ends an evaluation early, on all ranks. */
export class Stopped extends Error {}

/**
 * Calls `work` with every batch of an evaluation and the stream of its draws; returns the results in the order of the
 * batches. They are plain data.
 *
 * Ranks take the batches in turn, each of which has then a stream of its own: so the results do not depend on the
 * number of ranks. Without a group all batches draw from `rng`.
 *
 * @throws Stopped; ArgumentError `non_finite_data`; errors of `work`.
 */
export async function onEachBatch<T>(
  { data, rng }: { readonly data: Examples; readonly rng: RandomSource },
  { ranks, stop }: EvaluationRun,
  work: (batch: Batch<Measurement>, rng: RandomSource) => Promise<T>,
): Promise<T[]> {
  const loader = data instanceof DataLoader ? data : new DataLoader({ dataset: data, rng });
  const check = new DataCheck(loader.dataset);
  const rows: { place: number; result: T }[] = [];
  let stopped = false;
  const take = async (place: number, stream?: Rng): Promise<void> => {
    const batch = (await loader.next({ rng: stream?.fork(), ahead: ranks.size })) as Batch<Measurement>;
    try {
      check.add(batch, loader.indices);
      await check.read();
      rows.push({ place, result: await work(batch, stream ?? rng) });
    } finally {
      disposeSample(batch);
    }
    // Timers and signals are only seen between batches.
    if (!stop) return;
    await yieldToEventLoop();
    stopped = stop();
  };
  /** Batches that are left in this epoch. */
  const left = (): boolean => !stopped && loader.state().position < loader.length;
  try {
    if (!ranks.grouped) {
      for (let place = 0; left(); place++) await take(place);
      if (stopped) throw new Stopped();
      await loader.next();
      return rows.map(({ result }) => result);
    }
    const first = await ranks.fromFirst(() => ({ seed: seedValue(rng), state: loader.state() }));
    await ranks.agreed(async () => {
      await loader.loadState(first.state as LoaderState);
      for (let place = 0; left(); place++) {
        if (place % ranks.size === ranks.rank) await take(place, Rng.ofIndex(first.seed, place));
        else loader.skip();
      }
      if (!stopped) await loader.next();
    });
    const all = await ranks.gathered([{ stopped, rows }]);
    if (all.some((rank) => rank.stopped)) throw new Stopped();
    return all
      .flatMap((rank) => rank.rows)
      .sort((a, b) => a.place - b.place)
      .map(({ result }) => result);
  } finally {
    loader.dispose();
    check.dispose();
  }
}
