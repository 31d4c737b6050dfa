import { beforeAll, describe, expect, it } from "vitest";
import { SinglePixelCamera } from "../../ts/physics/index.js";
import { denseMatrix } from "./dense.js";
import { start } from "./helpers.js";

beforeAll(start);

const SIDE = 4;

/** The kept patterns, each as rows of pixels. */
function patterns(m: number, ordering: "cake_cutting" | "xy"): number[][][] {
  const camera = new SinglePixelCamera({ m, imgSize: [1, SIDE, SIDE], ordering });
  const { data, rows } = denseMatrix((x) => camera.A(x), [1, 1, SIDE, SIDE]);
  return Array.from({ length: rows }, (_, k) =>
    Array.from({ length: SIDE }, (_, r) => Array.from(data.subarray((k * SIDE + r) * SIDE, (k * SIDE + r + 1) * SIDE))),
  ).filter((pattern) => pattern.flat().some((v) => v !== 0));
}

const signChanges = (values: number[]): number =>
  values.filter((v, i) => i > 0 && v * (values[i - 1] as number) < 0).length;
const column = (pattern: number[][], c: number): number[] => pattern.map((row) => row[c] as number);

describe("patterns of equal rank", () => {
  it("cake_cutting: the one of the later group comes first", () => {
    // Numbers of blocks for the 16 sequencies, in groups of four: 1 2 3 4, 8 6 4 2, 3 6 9 12, 16 12 8 4.
    const order = [0, 7, 1, 8, 2, 15, 6, 3, 9, 5, 14, 4, 10, 13, 11, 12];
    for (let m = 1; m <= order.length; m++) {
      const kept = patterns(m, "cake_cutting").map((pattern) =>
        signChanges([0, 1, 2, 3].flatMap((c) => column(pattern, c))),
      );
      const byNumber = (a: number, b: number) => a - b;
      expect(kept.sort(byNumber), `m = ${m}`).toEqual(order.slice(0, m).sort(byNumber));
    }
  });

  it("xy: the one of the upper row comes first", () => {
    // The rank r c + (r^2 + c^2) / 4 of the sequencies r and c does not change if they are swapped.
    const order = ["0 0", "0 1", "1 0", "0 2", "2 0", "1 1", "0 3", "3 0"];
    for (let m = 1; m <= order.length; m++) {
      const kept = patterns(m, "xy").map(
        (pattern) => `${signChanges(column(pattern, 0))} ${signChanges(pattern[0] as number[])}`,
      );
      expect(kept.sort(), `m = ${m}`).toEqual(order.slice(0, m).sort());
    }
  });
});
