import { cat, type Tensor } from "../tensor/index.js";

/** Values behind gradients and buffers: the numbers of images, of micro-batches, of ranks to stop, of failed ranks. */
export const COUNTS = 4;

/** Parts of a sum, at most: a message takes its time however short it is. */
const MOST = 16;
/** Values of a part, at least: 512 KiB. */
const LEAST = 2 ** 17;

/** Values that are complete at the same time. */
export interface SumPart {
  /** The positions of the parameters whose gradients it begins with. */
  readonly positions: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * How the values that ranks add in a descent lie one after another: gradients in the order in which they become
 * complete, buffers, and counts; and the parts in which they cross the network.
 */
export class SumLayout {
  readonly length: number;
  /** The positions of the parameters in the order of their gradients. */
  readonly order: readonly number[];
  /** The last one has buffers and counts too. */
  readonly parts: readonly SumPart[];
  /** All values as one part. */
  readonly whole: SumPart;

  constructor(parameters: readonly Tensor[], buffers: readonly Tensor[], order: readonly number[]) {
    this.length = [...parameters, ...buffers].reduce((sum, { size }) => sum + size, COUNTS);
    this.order = order;
    this.whole = { positions: order, begin: 0, end: this.length };
    const least = Math.max(LEAST, this.length / MOST);
    const parts: SumPart[] = [];
    let [positions, begin, end]: [number[], number, number] = [[], 0, 0];
    for (const position of order) {
      if (end - begin >= least) {
        parts.push({ positions, begin, end });
        [positions, begin] = [[], end];
      }
      positions.push(position);
      end += (parameters[position] as Tensor).size;
    }
    this.parts = [...parts, { positions, begin, end: this.length }];
  }
}

/** All values of some tensors, one after another. */
export function flattened(tensors: readonly Tensor[]): Tensor {
  return cat(
    tensors.map((value) => value.detach().reshape([value.size])),
    0,
  );
}
