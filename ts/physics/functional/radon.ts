import { cat, type Tensor } from "../../tensor/index.js";
import { PIXELS, RadonBlock, reachOf, TILE } from "./radon-block.js";

/** Most numbers of one block of angles: positions must stay whole numbers in float32. */
const BLOCK = 2 ** 24;

/** A parallel-beam geometry. */
export interface Geometry {
  /** Side of the square images. */
  readonly width: number;
  /** Number of detectors, and of samples along each ray. */
  readonly detectors: number;
  /** Row and column of the image's first pixel in the square of `detectors` pixels that is rotated. */
  readonly offset: number;
  /** Only pixels within the inscribed circle count. */
  readonly circle: boolean;
}

/** Where a rotated square has its detectors: image pixels without a circle are rotated inside a square that holds their diagonal. */
export function geometry(width: number, circle: boolean): Geometry {
  const detectors = circle ? width : Math.ceil(Math.SQRT2 * width);
  return { width, detectors, offset: Math.floor(detectors / 2) - Math.floor(width / 2), circle };
}

/**
 * The parallel-beam Radon transform of square images, discretised by bilinear interpolation.
 *
 * For an angle `t` the image, zero outside, is sampled at `(cos t u + sin t v, cos t v - sin t u)` for whole steps `u` and `v` about the centre, and
 * summed over `v`: the projection onto detector `u`. A tile of pixels reaches few neighbouring detectors, so the transform is, for each tile and
 * angle, a small dense matrix, and the results are then added up where they overlap. Forward and transpose share the matrices.
 */
export class Radon {
  private readonly blocks: readonly RadonBlock[];
  private readonly across: number;

  /** Angles in degrees. */
  constructor(
    readonly geometry: Geometry,
    angles: readonly number[],
  ) {
    this.across = Math.ceil(geometry.width / TILE);
    const reach = reachOf(angles);
    const perBlock = Math.max(1, Math.floor(BLOCK / (this.across ** 2 * PIXELS * reach)));
    const count = Math.ceil(angles.length / perBlock);
    this.blocks = Array.from({ length: count }, (_, i) => new RadonBlock(geometry, angles.slice(i * perBlock, (i + 1) * perBlock), reach));
  }

  /** Projections, `[N, W, W]` to `[N, detectors, angles]`. */
  forward(x: Tensor): Tensor {
    const tiles = this.cut(x);
    const parts = this.blocks.map((block) => block.forward(tiles));
    return parts.length === 1 ? (parts[0] as Tensor) : cat(parts, 2);
  }

  /** The transpose, `[N, detectors, angles]` to `[N, W, W]`. */
  adjoint(y: Tensor): Tensor {
    let at = 0;
    const parts = this.blocks.map((block) => {
      const [n = 1, detectors = 1] = y.shape;
      const part = this.blocks.length === 1 ? y : y.slice([0, 0, at], [n, detectors, at + block.count]);
      at += block.count;
      return block.adjoint(part);
    });
    return this.glue(parts.reduce((a, b) => a.add(b)));
  }

  /** `[N, W, W]` to `[tiles, N, pixels of a tile]`. */
  private cut(x: Tensor): Tensor {
    const [n = 1, width = 1] = x.shape;
    const { across } = this;
    const rest = across * TILE - width;
    const padded = rest === 0 ? x : x.pad([0, 0, 0, rest, 0, rest], { mode: "constant" });
    return padded.reshape([n, across, TILE, across, TILE]).permute([1, 3, 0, 2, 4]).reshape([across * across, n, PIXELS]);
  }

  private glue(tiles: Tensor): Tensor {
    const [, n = 1] = tiles.shape;
    const { width } = this.geometry;
    const { across } = this;
    const whole = tiles.reshape([across, across, n, TILE, TILE]).permute([2, 0, 3, 1, 4]).reshape([n, across * TILE, across * TILE]);
    return across * TILE === width ? whole : whole.slice([0, 0, 0], [n, width, width]);
  }
}
