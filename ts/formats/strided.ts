import type { ArrayData } from "./elements.js";

/** Elements of a flat array that make an n-dimensional one: element i is at offset + sum of i_k strides_k. */
export interface Layout {
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** The number of elements of a shape. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Strides of an array without gaps; in C order the last axis is the densest, in Fortran order the first. */
export function denseStrides(shape: readonly number[], order: "C" | "F" = "C"): number[] {
  const strides = shape.map(() => 1);
  const axes = shape.map((_, axis) => axis);
  if (order === "C") axes.reverse();
  let stride = 1;
  for (const axis of axes) {
    strides[axis] = stride;
    stride *= shape[axis] as number;
  }
  return strides;
}

/** The first and the last element that a layout uses, both included; of an empty one `[offset, offset - 1]`. */
export function span({ offset, shape, strides }: Layout): [first: number, last: number] {
  if (elementCount(shape) === 0) return [offset, offset - 1];
  let [first, last] = [offset, offset];
  shape.forEach((size, axis) => {
    const reach = (size - 1) * (strides[axis] as number);
    if (reach < 0) first += reach;
    else last += reach;
  });
  return [first, last];
}

/** Whether the elements of a layout lie one after the other in C order. */
export function isDense({ shape, strides }: Layout): boolean {
  const dense = denseStrides(shape);
  return shape.every((size, axis) => size <= 1 || strides[axis] === dense[axis]);
}

/**
 * The elements of a layout in C order, each of `width` neighbouring numbers.
 */
export function gather<T extends ArrayData>(data: T, layout: Layout, width = 1): T {
  const { offset, shape, strides } = layout;
  const count = elementCount(shape);
  if (isDense(layout)) return data.subarray(offset * width, (offset + count) * width) as T;
  const result = new (data.constructor as new (length: number) => T)(count * width);
  const inner = shape.at(-1) as number;
  const step = (strides.at(-1) as number) * width;
  const index = shape.map(() => 0);
  let from = offset * width;
  for (let to = 0; to < result.length; ) {
    for (let i = 0, at = from; i < inner; i++, at += step) {
      for (let c = 0; c < width; c++) result[to++] = data[at + c] as number;
    }
    for (let axis = shape.length - 2; axis >= 0; axis--) {
      const stride = (strides[axis] as number) * width;
      from += stride;
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (shape[axis] as number)) break;
      from -= stride * (shape[axis] as number);
      index[axis] = 0;
    }
  }
  return result;
}
