import { beforeAll, describe, expect, it } from "vitest";
import { diskBlur, gaussianBlur, motionBlur } from "../../ts/physics/index.js";
import { ArgumentError, init } from "../../ts/runtime/index.js";
import type { Tensor } from "../../ts/tensor/index.js";

beforeAll(async () => await init());

/** Sum, centre and second moments of a filter, in pixels from its middle. */
function moments(filter: Tensor) {
  const [, , h, w] = filter.shape as [number, number, number, number];
  const result = { sum: 0, y: 0, x: 0, yy: 0, xx: 0, xy: 0 };
  filter.dataSync().forEach((weight, k) => {
    const [y, x] = [Math.floor(k / w) - (h - 1) / 2, (k % w) - (w - 1) / 2];
    result.sum += weight;
    result.y += weight * y;
    result.x += weight * x;
    result.yy += weight * y * y;
    result.xx += weight * x * x;
    result.xy += weight * x * y;
  });
  return result;
}

describe("filters of a blur have sum 1, their centre in the middle, and the second moments of the shape", () => {
  it.each([0.3, 1, 2.5, 7])("a disk of radius %d has the variance r^2 / 4 along each axis", (radius) => {
    const { sum, y, x, yy, xx, xy } = moments(diskBlur({ radius }));
    expect([sum, y, x, xy].map((value) => Math.round(value * 1e6) / 1e6 + 0)).toEqual([1, 0, 0, 0]);
    // Values at the middles of pixels in place of their areas: 1 / 12 more (Sheppard), and as much from the edge.
    expect(Math.abs(xx - radius ** 2 / 4)).toBeLessThan(1 / 6);
    expect(yy).toBeCloseTo(xx, 6);
  });

  it.each([
    [9, 0],
    [9, 30],
    [20, 45],
    [12, 90],
    [12, 150],
  ])("a line of length %d at %d degrees has the variance length^2 / 12 along it", (length, angle) => {
    const { sum, y, x, yy, xx, xy } = moments(motionBlur({ length, angle }));
    expect([sum, y, x].map((value) => Math.round(value * 1e5) / 1e5 + 0)).toEqual([1, 0, 0]);
    const [cos, sin] = [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)];
    // Anticlockwise from the horizontal: rows count downwards.
    const along = cos * cos * xx + sin * sin * yy - 2 * sin * cos * xy;
    const across = sin * sin * xx + cos * cos * yy + 2 * sin * cos * xy;
    expect(Math.abs(along / (length ** 2 / 12) - 1)).toBeLessThan(0.12);
    expect(across).toBeLessThan(0.3);
  });

  it("a horizontal line of 9 pixels weighs them alike", () => {
    const filter = motionBlur({ length: 9 });
    expect(filter.shape).toEqual([1, 1, 11, 11]);
    const middle = Array.from(filter.dataSync()).slice(5 * 11, 6 * 11);
    expect(middle.map((value) => Math.round(value * 9 * 1e5) / 1e5)).toEqual([0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]);
  });

  it("takes the size that is asked for", () => {
    expect(diskBlur({ radius: 2, size: [5, 9] }).shape).toEqual([1, 1, 5, 9]);
    expect(gaussianBlur({ sigma: 2, size: [5, 9] }).shape).toEqual([1, 1, 5, 9]);
  });

  it.each([
    ["a radius of 0", () => diskBlur({ radius: 0 })],
    ["a side above the largest", () => motionBlur({ length: 5000 })],
    ["a size without any weight", () => diskBlur({ radius: 0.05, size: [2, 2] })],
  ])("refuses %s", (_, make) => {
    expect(make).toThrow(ArgumentError);
  });
});
