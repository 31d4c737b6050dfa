import { beforeAll, describe, expect, it } from "vitest";
import * as physics from "../../ts/physics/index.js";
import { tensor, type Tensor } from "../../ts/tensor/index.js";
import { normal, Rng, start } from "./helpers.js";
import { filter, paddings } from "./operators.js";

beforeAll(start);

/** Random integers and words from one stream. */
class Dice {
  constructor(readonly rng: Rng) {}

  /** Between two numbers, both included. */
  number(low: number, high: number): number {
    return low + this.rng.choice(high - low + 1);
  }

  of<T>(list: readonly T[]): T {
    return list[this.rng.choice(list.length)] as T;
  }
}

interface RandomCase {
  operator: physics.LinearPhysics;
  /** Channels, height, width, or what images have after the batch. */
  size: number[];
  batch: number;
  detail: string;
}

/** A mask of zeros and ones with at least a one. */
function mask(rng: Rng, shape: number[]): Tensor {
  const values = rng.bernoulli(shape, 0.5).dataSync();
  values[0] = 1;
  return tensor(values, { shape });
}

const makers: Record<string, (d: Dice) => Omit<RandomCase, "batch"> & { batch?: number }> = {
  Blur: (d) => {
    const padding = d.of(paddings);
    const [h, w] = [d.number(1, 5), d.number(1, 5)];
    const [batch, channels] = [d.number(1, 3), d.number(1, 3)];
    // Without padding the filter must fit; mirrored or wrapped it may not be much larger than the image.
    const least = padding === "valid" || padding === "reflect" ? [h, w] : [1, 1];
    const size = [channels, d.number(least[0] as number, 8), d.number(least[1] as number, 8)];
    const operator = new physics.Blur({
      filter: filter(d.rng, [d.of([1, batch]), d.of([1, channels]), h, w]),
      padding,
    });
    return { operator, size, batch, detail: `${padding}, filter ${h} x ${w}` };
  },
  BlurFFT: (d) => {
    const size = [d.number(1, 3), d.number(1, 8), d.number(1, 8)];
    const batch = d.number(1, 3);
    return {
      operator: new physics.BlurFFT({
        imgSize: size,
        filter: filter(d.rng, [d.of([1, batch]), d.of([1, size[0] as number]), d.number(1, 10), d.number(1, 10)]),
      }),
      size,
      batch,
      detail: "",
    };
  },
  Downsampling: (d) => {
    const size = [d.number(1, 3), d.number(1, 11), d.number(1, 11)];
    const factor = d.number(1, 4);
    const named = d.of(["gaussian", "bilinear", "bicubic", "sinc", null] as const);
    const padding = d.of(["circular", "constant", "replicate"] as const);
    return {
      operator: new physics.Downsampling({ imgSize: size, factor, filter: named, padding }),
      size,
      detail: `factor ${factor}, ${String(named)}, ${padding}`,
    };
  },
  Inpainting: (d) => {
    const size = [d.number(1, 3), d.number(1, 6), d.number(1, 6)];
    return { operator: new physics.Inpainting({ imgSize: size, mask: mask(d.rng, size) }), size, detail: "" };
  },
  Demosaicing: (d) => {
    const size = [3, d.number(1, 6), d.number(1, 6)];
    return { operator: new physics.Demosaicing({ imgSize: size }), size, detail: "" };
  },
  Decolorize: (d) => {
    const size = [d.number(3, 6), d.number(1, 5), d.number(1, 5)];
    return {
      operator: new physics.Decolorize({
        channels: size[0] as number,
        srf: d.of(["rec601", "flat", "random"] as const),
        rng: d.rng,
      }),
      size,
      detail: "",
    };
  },
  CompressedSensing: (d) => {
    const size = [d.number(1, 3), d.number(1, 4), d.number(1, 4)];
    return {
      operator: new physics.CompressedSensing({
        m: d.number(1, 20),
        imgSize: size,
        channelwise: d.of([true, false]),
        rng: d.rng,
      }),
      size,
      detail: "",
    };
  },
  SinglePixelCamera: (d) => {
    const fast = d.of([true, false]);
    const sides = fast ? [1, 2, 4, 8] : [1, 2, 3, 5];
    const size = [d.number(1, 3), d.of(sides), d.of(sides)];
    const m = d.number(1, (size[1] as number) * (size[2] as number));
    const ordering = d.of(["sequency", "cake_cutting", "zig_zag", "xy"] as const);
    return {
      operator: new physics.SinglePixelCamera({ m, imgSize: size, fast, ordering, rng: d.rng }),
      size,
      detail: `fast ${fast}, m ${m}, ${ordering}`,
    };
  },
  MRI: (d) => {
    const threeD = d.of([true, false]);
    const size = [2, ...(threeD ? [d.number(1, 3)] : []), d.number(1, 6), d.number(1, 6)];
    return { operator: new physics.MRI({ mask: mask(d.rng, size.slice(1)), threeD }), size, detail: "" };
  },
  MultiCoilMRI: (d) => {
    const size = [2, d.number(1, 5), d.number(1, 5)];
    const coils = d.number(1, 3);
    return {
      operator: new physics.MultiCoilMRI({
        mask: mask(d.rng, size.slice(1)),
        coilMaps: normal(d.rng, [coils, ...size.slice(1), 2]),
      }),
      size,
      detail: `${coils} coils`,
    };
  },
  DynamicMRI: (d) => {
    const size = [2, d.number(1, 4), d.number(1, 5), d.number(1, 5)];
    return { operator: new physics.DynamicMRI({ mask: mask(d.rng, size.slice(1)) }), size, detail: "" };
  },
  SequentialMRI: (d) => {
    const size = [2, d.number(1, 5), d.number(1, 5)];
    return {
      operator: new physics.SequentialMRI({ mask: mask(d.rng, [d.number(1, 4), ...size.slice(1)]) }),
      size,
      detail: "",
    };
  },
  Tomography: (d) => {
    const width = d.number(1, 19);
    const circle = d.of([true, false]);
    const angles = Array.from({ length: d.number(1, 6) }, () => d.number(-400, 400) / d.number(1, 3));
    return {
      operator: new physics.Tomography({
        angles,
        imgWidth: width,
        circle,
        normalize: width > 1 && d.of([true, false]),
      }),
      size: [d.number(1, 3), width, width],
      detail: `circle ${circle}`,
    };
  },
};

describe("random operators on random shapes", () => {
  it.each(Object.keys(makers))("%s: <A x, y> = <x, A^T y> and gamma A^T (A u - y) + u - z = 0", (name) => {
    for (let seed = 0; seed < 12; seed++) {
      const dice = new Dice(new Rng(seed));
      const randomCase = (makers[name] as (typeof makers)[string])(dice);
      const { operator, size, batch = dice.number(1, 3) } = randomCase;
      const where = `${name}, seed ${seed}, image [${[batch, ...size].join(", ")}], ${randomCase.detail}`;
      const x = normal(dice.rng, [batch, ...size]);
      const ax = operator.A(x);
      const y = normal(dice.rng, ax.shape);
      const [left, right] = [ax.mul(y).sum().itemSync(), operator.AAdjoint(y).mul(x).sum().itemSync()];
      expect(Math.abs(left - right), where).toBeLessThan(1e-6 * (1 + Math.abs(left)));
      const gamma = 0.1 + dice.rng.uniform([]).itemSync();
      const u = operator.proxL2(x, y, gamma, { maxIter: 500, tol: 1e-12 });
      const slope = operator.AAdjoint(operator.A(u).sub(y)).mul(gamma).add(u).sub(x);
      expect(slope.abs().max().itemSync(), where).toBeLessThan(1e-5);
    }
  });
});
