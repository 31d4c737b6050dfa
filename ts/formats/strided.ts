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

/** The elements of a layout in C order, each of `width` neighbouring numbers. */
export function gather<T extends ArrayData>(data: T, layout: Layout, width = 1): T {
  const count = elementCount(layout.shape);
  if (isDense(layout)) return data.subarray(layout.offset * width, (layout.offset + count) * width) as T;
  const result = new (data.constructor as new (length: number) => T)(count * width);
  copy(data, layout, result, { ...layout, offset: 0, strides: denseStrides(layout.shape) }, width);
  return result;
}

/** Copies the elements of one layout to another of the same shape. */
export function copy(from: ArrayData, source: Layout, to: ArrayData, target: Layout, width = 1): void {
  const { shape } = source;
  const total = elementCount(shape);
  if (total === 0) return;
  if (isDense(source) && isDense(target)) {
    to.set(from.subarray(source.offset * width, (source.offset + total) * width), target.offset * width);
    return;
  }
  const inner = shape.at(-1) ?? 1;
  const fromStep = (source.strides.at(-1) ?? 1) * width;
  const toStep = (target.strides.at(-1) ?? 1) * width;
  const index = shape.map(() => 0);
  let [fromRow, toRow] = [source.offset * width, target.offset * width];
  for (let done = 0; done < total; done += inner) {
    for (let i = 0, a = fromRow, b = toRow; i < inner; i++, a += fromStep, b += toStep) {
      to[b] = from[a] as number;
      if (width === 2) to[b + 1] = from[a + 1] as number;
    }
    for (let axis = shape.length - 2; axis >= 0; axis--) {
      const size = shape[axis] as number;
      const fromStride = (source.strides[axis] as number) * width;
      const toStride = (target.strides[axis] as number) * width;
      fromRow += fromStride;
      toRow += toStride;
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < size) break;
      fromRow -= fromStride * size;
      toRow -= toStride * size;
      index[axis] = 0;
    }
  }
}
