import { expect, it } from "vitest";
import { Rng } from "../../ts/random/index.js";
import { Identity, Reflect, Rotate, Shift, type Transform } from "../../ts/transform/index.js";
import { cat, type Tensor } from "../../ts/tensor/index.js";
import { eachDevice } from "../devices.js";
import { distance, images, rows } from "./helpers.js";

const quarter = (nTrans = 1) => new Rotate({ multiples: 90, positive: true, nTrans });

await eachDevice("transforms that are groups", () => {
  const exact: [string, Transform][] = [
    ["Shift", new Shift({ nTrans: 3 })],
    ["Reflect", new Reflect({ nTrans: 3 })],
    ["Rotate by 90", quarter(3)],
    ["Identity", new Identity()],
    [
      "Rotate, Reflect, Shift",
      quarter(2)
        .compose(new Reflect({ nTrans: 2 }))
        .compose(new Shift({ nTrans: 2 })),
    ],
    ["one of two", new Shift({ nTrans: 2 }).or(quarter(2))],
    ["side by side", new Shift({ nTrans: 2 }).add(new Reflect())],
  ];

  it.each(exact)("%s: the inverse after the transform is the identity, image by image", async (_, transform) => {
    for (const shape of [
      [2, 1, 6, 6],
      [1, 3, 5, 5],
      [2, 2, 3, 4, 4],
    ]) {
      const x = images(shape);
      for (const seed of [1, 2, 3]) {
        const params = transform.getParams(x, { rng: new Rng(seed) });
        const out = transform.transform(x, params);
        const copies = transform.iterateParams(params).length;
        expect(out.shape).toEqual([copies * (shape[0] as number), ...shape.slice(1)]);
        const back = transform.inverse(out, params, { batchwise: false });
        expect(
          await distance(
            back,
            cat(
              Array.from({ length: copies }, () => x),
              0,
            ),
          ),
        ).toBe(0);
        // And likewise the transform after the inverse.
        const single = transform.iterateParams(params)[0] ?? {};
        expect(await distance(transform.transform(transform.inverse(x, single), single), x)).toBe(0);
      }
    }
  });

  it("shifts add up, whatever their size; frames of a video move together", async () => {
    const shift = new Shift();
    const x = images([2, 1, 3, 5, 7]);
    const twice = shift.transform(shift.transform(x, { xShift: [3], yShift: [-4] }), { xShift: [13], yShift: [2] });
    expect(await distance(twice, shift.transform(x, { xShift: [16], yShift: [-2] }))).toBe(0);
    expect(await distance(shift.transform(x, { xShift: [7], yShift: [-5] }), x)).toBe(0);
    const frame = (t: Tensor, at: number) => t.slice([0, 0, at, 0, 0], [2, 1, at + 1, 5, 7]).squeeze(2);
    expect(
      await distance(frame(shift.transform(x, { xShift: [2] }), 1), shift.transform(frame(x, 1), { xShift: [2] })),
    ).toBe(0);
  });

  it("rotations by 90 degrees are permutations of the pixels: counter-clockwise, of order four", async () => {
    const rotate = new Rotate();
    const x = images([1, 1, 2, 2]);
    const [[a, b], [c, d]] = (await rows(x)) as [[number, number], [number, number]];
    expect(await rows(rotate.transform(x, { theta: [90] }))).toEqual([
      [b, d],
      [a, c],
    ]);
    expect(await rows(rotate.transform(x, { theta: [-270] }))).toEqual([
      [b, d],
      [a, c],
    ]);
    expect(await rows(rotate.transform(x, { theta: [180] }))).toEqual([
      [d, c],
      [b, a],
    ]);
    const y = images([2, 2, 5, 5]);
    const rotated = [1, 2, 3, 4].reduce((t) => rotate.transform(t, { theta: [90] }), y);
    expect(await distance(rotated, y)).toBe(0);
  });

  it("height and width may differ: rotating by 90 degrees fills with zeros, its inverse restores", async () => {
    const rotate = new Rotate();
    for (const [h, w] of [
      [4, 6],
      [5, 9],
      [4, 7],
      [7, 4],
      [5, 8],
      [1, 5],
      [6, 3],
    ] as const) {
      const x = images([1, 1, h, w]).abs().add(1);
      const values = new Set((await x.data()).values());
      for (const theta of [90, 270, -90]) {
        const out = rotate.transform(x, { theta: [theta] });
        expect(out.shape).toEqual([1, 1, h, w]);
        const kept = Array.from(await out.data()).filter((v) => v !== 0);
        // What is there are pixels of x, each once, as many as fit.
        expect(kept.every((v) => values.has(v))).toBe(true);
        expect(new Set(kept).size).toBe(kept.length);
        expect(kept.length).toBe(Math.min(h, w) ** 2);
        const back = rotate.inverse(out, { theta: [theta] });
        const stayed = back.ne(0).to(x.dtype);
        expect(await stayed.sum().item()).toBe(kept.length);
        expect(await distance(back, x.mul(stayed))).toBe(0);
      }
      expect(await distance(rotate.transform(rotate.transform(x, { theta: [180] }), { theta: [180] }), x)).toBe(0);
      // Without cutting nothing is lost.
      const free = new Rotate({ constantShape: false });
      const whole = free.transform(x, { theta: [90] });
      expect(whole.shape).toEqual([1, 1, w, h]);
      expect(await distance(free.inverse(whole, { theta: [90] }), x)).toBe(0);
    }
  });

  it("a symmetrized function commutes with each transform of the group", async () => {
    // Not equivariant to anything by itself.
    const f = (x: Tensor) =>
      x.mul(x.roll([1, 2], [-2, -1])).add(x.slice([0, 0, 0, 0], [x.shape[0] as number, 1, 6, 1]).mul(0.5));
    const group = quarter(4).compose(new Reflect({ dim: [-1], nTrans: 2 }));
    const average = group.symmetrize(f, { average: true });
    const x = images([2, 1, 6, 6]);
    const out = average(x);
    expect(out.shape).toEqual(x.shape);
    let before = 0;
    for (const g of group.iterateParams(group.getParams(x))) {
      expect(await distance(average(group.transform(x, g)), group.transform(out, g))).toBeLessThan(1e-5);
      before = Math.max(before, await distance(f(group.transform(x, g)), group.transform(f(x), g)));
    }
    expect(before).toBeGreaterThan(1);
    const one = group.symmetrize(f, { average: true, collateBatch: false });
    expect(await distance(one(x), out)).toBeLessThan(1e-5);
    expect(await distance(group.identity(x, { average: true }), x)).toBeLessThan(1e-6);
    expect(group.symmetrize(f)(x).shape).toEqual([16, 1, 6, 6]);
  });
});
