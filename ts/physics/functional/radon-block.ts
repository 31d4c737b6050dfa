import type { DType, Tensor } from "../../tensor/index.js";
import { Constant } from "./constant.js";
import type { Geometry } from "./radon.js";

/** Side of the square tiles that images are cut into. */
export const TILE = 8;
/** Pixels of a tile. */
export const PIXELS = TILE * TILE;

/** Cosine and sine of an angle in degrees. */
function direction(degrees: number): [cos: number, sin: number] {
  const radians = (degrees * Math.PI) / 180;
  return [Math.cos(radians), Math.sin(radians)];
}

/** How far a pixel reaches to either side on the detectors: its bilinear footprint, a square of side two, seen from an angle. */
function halfWidth(degrees: number): number {
  const [cos, sin] = direction(degrees);
  return Math.abs(cos) + Math.abs(sin);
}

/** Slots for the detectors that a tile reaches, over all angles, and a last one that stays empty. */
export function reachOf(angles: readonly number[]): number {
  return angles.reduce((most, angle) => Math.max(most, Math.ceil((TILE + 1) * halfWidth(angle))), 0) + 1;
}

/** The transform at some of the angles. */
export class RadonBlock {
  /** Number of angles. */
  readonly count: number;
  private readonly tiles: number;
  /** For each tile: pixels to (angle, slot). */
  private readonly weights: Constant;
  /** For each detector and angle, which (tile, angle, slot) are added up. */
  private readonly parts: Constant;
  /** For each tile, angle and slot, which (detector, angle) it is. */
  private readonly targets: Constant;
  /** How many parts a detector has; those with fewer are filled up with empty slots. */
  private readonly most: number;

  constructor(
    private readonly geometry: Geometry,
    private readonly angles: readonly number[],
    private readonly reach: number,
  ) {
    const across = Math.ceil(geometry.width / TILE);
    this.tiles = across * across;
    this.count = angles.length;
    const starts = this.starts(across);
    const lists = this.partsOf(starts);
    this.most = lists.reduce((most, list) => Math.max(most, list.length), 1);
    const empty = reach - 1;
    const filled = new Float64Array(lists.length * this.most).fill(empty);
    lists.forEach((list, i) => filled.set(list, i * this.most));
    const targets = Float64Array.from({ length: this.tiles * this.count * reach }, (_, i) => {
      const angle = Math.floor(i / reach) % this.count;
      // Detectors that do not exist have no weight; any position will do.
      const detector = Math.min(Math.max((starts[Math.floor(i / reach)] as number) + (i % reach), 0), geometry.detectors - 1);
      return detector * this.count + angle;
    });
    this.weights = new Constant((dtype) => this.computeWeights(dtype, starts, across), [this.tiles, PIXELS, this.count * reach]);
    this.parts = new Constant(() => filled, [filled.length]);
    this.targets = new Constant(() => targets, [targets.length]);
  }

  /** `[tiles, N, pixels]` to `[N, detectors, angles]`. */
  forward(tiles: Tensor): Tensor {
    const [, n = 1] = tiles.shape;
    const seen = tiles.matmul(this.weights.like(tiles)).permute([1, 0, 2]).reshape([n, -1]);
    return seen.indexSelect(this.parts.like(seen), 1).reshape([n, this.geometry.detectors, this.count, this.most]).sum(3);
  }

  /** `[N, detectors, angles]` to `[tiles, N, pixels]`. */
  adjoint(y: Tensor): Tensor {
    const [n = 1] = y.shape;
    const spread = y.reshape([n, -1]).indexSelect(this.targets.like(y), 1).reshape([n, this.tiles, this.count * this.reach]);
    return spread.permute([1, 0, 2]).matmul(this.weights.like(y).transpose(1, 2));
  }

  /** The first detector that each tile reaches at each angle. */
  private starts(across: number): Int32Array {
    const { detectors, offset } = this.geometry;
    const middle = (detectors - 1) / 2;
    return Int32Array.from({ length: this.tiles * this.count }, (_, i) => {
      const [tile, degrees] = [Math.floor(i / this.count), this.angles[i % this.count] as number];
      const [cos, sin] = direction(degrees);
      const centre = (k: number): number => k * TILE + (TILE - 1) / 2 + offset - middle;
      const at = middle + cos * centre(tile % across) - sin * centre(Math.floor(tile / across));
      return Math.floor(at - ((TILE + 1) / 2) * halfWidth(degrees)) + 1;
    });
  }

  private partsOf(starts: Int32Array): number[][] {
    const { detectors } = this.geometry;
    const lists: number[][] = Array.from({ length: detectors * this.count }, () => []);
    starts.forEach((start, i) => {
      for (let slot = 0; slot < this.reach - 1; slot++) {
        const detector = start + slot;
        if (detector >= 0 && detector < detectors) lists[detector * this.count + (i % this.count)]?.push(i * this.reach + slot);
      }
    });
    return lists;
  }

  /** How much of a pixel each detector sees: the sum, over the samples along its ray, of the pixel's share in them. */
  private computeWeights(dtype: DType, starts: Int32Array, across: number): Float64Array | Float32Array {
    const { width, detectors, offset, circle } = this.geometry;
    const middle = (detectors - 1) / 2;
    const row = this.count * this.reach;
    const weights = new (dtype === "float64" ? Float64Array : Float32Array)(this.tiles * PIXELS * row);
    const directions = this.angles.map((degrees) => [...direction(degrees), halfWidth(degrees)] as const);
    for (let r = 0; r < width; r++) {
      for (let c = 0; c < width; c++) {
        if (circle && (2 * r - width + 1) ** 2 + (2 * c - width + 1) ** 2 > (width - 1) ** 2) continue;
        const [x, y] = [c + offset - middle, r + offset - middle];
        const tile = Math.floor(r / TILE) * across + Math.floor(c / TILE);
        const at = (tile * PIXELS + (r % TILE) * TILE + (c % TILE)) * row;
        for (let a = 0; a < this.count; a++) {
          const [cos, sin, half] = directions[a] as readonly [number, number, number];
          const u = middle + cos * x - sin * y;
          const v = middle + sin * x + cos * y;
          const start = starts[tile * this.count + a] as number;
          const [u0, u1] = [Math.max(Math.ceil(u - half), start, 0), Math.min(Math.floor(u + half), start + this.reach - 2, detectors - 1)];
          const [v0, v1] = [Math.max(Math.ceil(v - half), 0), Math.min(Math.floor(v + half), detectors - 1)];
          for (let i = u0; i <= u1; i++) {
            let sum = 0;
            for (let j = v0; j <= v1; j++) {
              const wide = 1 - Math.abs(cos * (i - u) + sin * (j - v));
              const down = 1 - Math.abs(cos * (j - v) - sin * (i - u));
              if (wide > 0 && down > 0) sum += wide * down;
            }
            weights[at + a * this.reach + i - start] = sum;
          }
        }
      }
    }
    return weights;
  }
}
