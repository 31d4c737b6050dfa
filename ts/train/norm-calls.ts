import { type SharedMoments, withSharedMoments } from "../functional/index.js";
import { ArgumentError } from "../runtime/index.js";
import { full, gradOrNone, keep, noGrad, type Tensor, tensor, tidy, watchGrad, zeros } from "../tensor/index.js";

/** Mean and biased variance of each channel, and the number of values that they are over. */
export interface Moments {
  readonly mean: readonly number[];
  readonly variance: readonly number[];
  readonly count: number;
}

/** A call of a batch norm, with the moments of this micro-batch alone. */
interface Call {
  readonly layer: object;
  /** The input, on the tape of what comes before. */
  readonly x: Tensor;
  readonly own: { readonly mean: Tensor; readonly variance: Tensor; readonly count: number };
  /** What stands for the input and the moments of all on the tape of what comes after. */
  shared?: SharedMoments;
}

/** Ends a pass at a batch norm whose moments are not known yet. */
class Unknown extends Error {}

/**
 * The batch norms of a pass over a micro-batch which is a part of a larger batch: a pass is made again and again, each
 * time until the next batch norm, whose moments the parts then put together.
 *
 * The tape is cut at each batch norm: its input x, its mean m and its variance v over all N values of all parts are
 * points of their own for what follows. Backwards, from the last batch norm to the first, the gradient of the total L
 * of all parts in an input of a part is, with gradients in m and v summed over the parts,
 * `dL/dx + (1 / N) dL/dm + (2 / N) (x - m) dL/dv`; it goes on to the points and weights that x was computed from.
 */
export class NormCalls {
  readonly #calls: Call[] = [];
  readonly #kept: Tensor[] = [];
  /** The inputs of the batch norms of this pass. */
  #seen: Tensor[] = [];
  #total: Tensor | undefined;
  #parameters: readonly Tensor[] = [];
  readonly #gradients = new Map<Tensor, Tensor>();

  /** Whether a pass has come to its end. */
  get finished(): boolean {
    return this.#total !== undefined;
  }

  /** The number of calls. */
  get length(): number {
    return this.#calls.length;
  }

  /** Runs a pass, which calls {@link end} at its end; whether it came there. */
  run(pass: () => void): boolean {
    const take = (layer: object, x: Tensor): SharedMoments => this.#take(layer, x);
    const watch = (outputs: readonly Tensor[], inputs: readonly Tensor[]): void => this.#refuseAcross(outputs, inputs);
    try {
      withSharedMoments(take, () => watchGrad(watch, pass));
      return true;
    } catch (error) {
      if (error instanceof Unknown) return false;
      throw error;
    } finally {
      for (const x of this.#seen.splice(0)) x.dispose();
    }
  }

  /** Takes the total that is to be differentiated. */
  end(total: Tensor, parameters: readonly Tensor[]): void {
    this.#total = this.#keep(alias(total));
    this.#parameters = parameters;
  }

  #take(layer: object, x: Tensor): SharedMoments {
    const call = this.#calls[this.#seen.length];
    if (call?.shared) {
      this.#seen.push(keep(alias(x)));
      return call.shared;
    }
    const channels = [0, 2, 3];
    const own = noGrad(() =>
      tidy(() => ({ mean: x.mean(channels), variance: x.variance(channels, false, 0), count: valuesOf(x) })),
    );
    this.#keep(own.mean);
    this.#keep(own.variance);
    this.#calls.push({ layer, x: this.#keep(alias(x)), own });
    throw new Unknown();
  }

  /** The layer that lacks its moments, and those of this part; `undefined` at the end of the pass. */
  async lacking(): Promise<{ readonly layer: object; readonly own: Moments } | undefined> {
    const call = this.#calls.at(-1);
    if (!call || call.shared) return undefined;
    const [mean, variance] = await Promise.all([call.own.mean.data(), call.own.variance.data()]);
    return { layer: call.layer, own: { mean: [...mean], variance: [...variance], count: call.own.count } };
  }

  /** Gives the layer that lacks them the moments of all parts. */
  give({ mean, variance, count }: Moments): void {
    const call = this.#calls.at(-1) as Call;
    const { dtype, device, requiresGrad } = call.x;
    const point = (value: Tensor): Tensor => this.#keep(requiresGrad ? value.requiresGrad_() : value);
    call.shared = {
      x: point(call.x.detach()),
      mean: point(tensor([...mean], { dtype, device })),
      variance: point(tensor([...variance], { dtype, device })),
      count,
    };
  }

  /** Begins to differentiate `weight` times the total. */
  differentiate(weight: number): void {
    const total = this.#total as Tensor;
    const { shape, dtype, device } = total;
    this.#pull(total, () => full([...shape], weight, { dtype, device }), this.#calls.length);
  }

  /** The gradients in the mean and the variance of a call, so far of this part. */
  async ofMoments(index: number): Promise<number[]> {
    const { mean, variance } = (this.#calls[index] as Call).shared as SharedMoments;
    const read = async (point: Tensor): Promise<number[]> => [
      ...((await this.#gradients.get(point)?.data()) ?? new Float32Array(point.size)),
    ];
    return [...(await read(mean)), ...(await read(variance))];
  }

  /** Goes on with what comes before a call: `sums` are {@link ofMoments} summed over all parts. */
  through(index: number, sums: readonly number[]): void {
    const { x, shared } = this.#calls[index] as Call & { shared: SharedMoments };
    if (!x.requiresGrad) return;
    const { dtype, device } = x;
    const { mean, count } = shared;
    const wide = [1, mean.size, 1, 1];
    const list = (values: readonly number[], factor: number): Tensor =>
      tensor(
        values.map((value) => (value * factor) / count),
        { dtype, device },
      ).reshape(wide);
    const seed = (): Tensor => {
      const ofMean = list(sums.slice(0, mean.size), 1);
      const ofVariance = shared.x.sub(mean.reshape(wide)).mul(list(sums.slice(mean.size), 2));
      const direct = this.#gradients.get(shared.x);
      return (direct ? direct.add(ofVariance) : ofVariance).add(ofMean);
    };
    this.#pull(x, seed, index);
  }

  /** The gradients in the parameters, which belong to this. */
  get gradients(): Tensor[] {
    return this.#parameters.map((parameter) => {
      const { shape, dtype, device } = parameter;
      return this.#gradients.get(parameter) ?? this.#keep(zeros([...shape], { dtype, device }));
    });
  }

  dispose(): void {
    for (const value of [...this.#kept.splice(0), ...this.#gradients.values()]) value.dispose();
    this.#gradients.clear();
  }

  /** Adds the gradients of an output in the parameters, and in the points of the first calls. */
  #pull(output: Tensor, seed: () => Tensor, calls: number): void {
    const points = this.#calls.slice(0, calls).flatMap(({ shared }) => {
      const { x, mean, variance } = shared as SharedMoments;
      return x.requiresGrad ? [x, mean, variance] : [];
    });
    const inputs = [...points, ...this.#parameters];
    noGrad(() =>
      tidy(() => {
        for (const [i, found] of gradOrNone([output], inputs, [seed()]).entries()) {
          if (!found) continue;
          const input = inputs[i] as Tensor;
          const before = this.#gradients.get(input);
          this.#gradients.set(input, keep(before ? before.add(found) : found));
          before?.dispose();
        }
      }),
    );
  }

  /** Refuses a gradient within the pass that would have to go through a batch norm, whose tape is cut. */
  #refuseAcross(outputs: readonly Tensor[], inputs: readonly Tensor[]): void {
    const points = this.#calls.slice(0, this.#seen.length).flatMap(({ shared }) => (shared ? [shared.x] : []));
    if (!dependsOn(this.#seen, inputs) || !dependsOn(outputs, points)) return;
    throw new ArgumentError(
      "Trainer: with syncBatchNorm, a loss or model differentiates through a batch norm itself, which is not " +
        "possible; train without syncBatchNorm, or with a network that has other norms.",
      "invalid_argument",
    );
  }

  #keep(value: Tensor): Tensor {
    this.#kept.push(keep(value));
    return value;
  }
}

/** The same tensor on the tape, of which the caller may free the other. */
function alias(value: Tensor): Tensor {
  return value.reshape([...value.shape]);
}

/** Values of a channel of `[B, C, H, W]`. */
function valuesOf(x: Tensor): number {
  return x.size / (x.shape[1] as number);
}

/** Whether one of some tensors was computed from one of others. */
function dependsOn(outputs: readonly Tensor[], inputs: readonly Tensor[]): boolean {
  return noGrad(() =>
    tidy(() => {
      const seeds = outputs.map(({ shape, dtype, device }) => zeros([...shape], { dtype, device }));
      return gradOrNone(outputs, inputs, seeds).some((found) => found !== undefined);
    }),
  );
}
