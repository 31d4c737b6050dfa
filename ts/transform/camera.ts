import type { Matrix3 } from "../functional/index.js";

/** A change of a camera between two images. */
export interface CameraMove {
  /** Tilt, pan and roll, in degrees. */
  readonly thetaX: number;
  readonly thetaY: number;
  readonly thetaZ: number;
  /** The old focal length over the new one. */
  readonly zoomF: number;
  /** Shift of the principal point, in pixels. */
  readonly shiftX: number;
  readonly shiftY: number;
  /** Skew of the pixel axes, the upper right entry of the camera matrix. */
  readonly skew: number;
  /** The new width and height of a pixel over the old ones. */
  readonly stretchX: number;
  readonly stretchY: number;
}

/** No change; the order of its keys is that in which parameters are drawn. */
export const NO_MOVE: CameraMove = {
  thetaX: 0,
  thetaY: 0,
  thetaZ: 0,
  zoomF: 1,
  shiftX: 0,
  shiftY: 0,
  skew: 0,
  stretchX: 1,
  stretchY: 1,
};

/** Focal length of the camera, in pixels. */
const FOCAL = 100;

/**
 * The homographies of a camera change: from pixels `(x, y, 1)` of the result to those of the source, `K' R^T K^-1`, and
 * its inverse, `K R K'^-1`.
 *
 * K has the focal length 100 and the principal point `(floor(W / 2), floor(H / 2))`; K' is K after the change;
 * `R = Rz Ry Rx`.
 */
export function homographies(
  move: CameraMove,
  [height, width]: readonly [number, number],
): { toSource: Matrix3; fromSource: Matrix3 } {
  const [u, v] = [Math.floor(width / 2), Math.floor(height / 2)];
  const { zoomF, stretchX, stretchY, skew, shiftX, shiftY } = move;
  const [fx, fy] = [FOCAL / (zoomF * stretchX), FOCAL / (zoomF * stretchY)];
  const before: Matrix3 = [FOCAL, 0, u, 0, FOCAL, v, 0, 0, 1];
  const after: Matrix3 = [fx, skew, u + shiftX, 0, fy, v + shiftY, 0, 0, 1];
  const r = rotation(move);
  return {
    toSource: product(product(after, transposed(r)), inverted(before)),
    fromSource: product(product(before, r), inverted(after)),
  };
}

/** The rotation matrix `Rz Ry Rx`. */
function rotation({ thetaX, thetaY, thetaZ }: CameraMove): Matrix3 {
  const [[cx, sx], [cy, sy], [cz, sz]] = [thetaX, thetaY, thetaZ].map((theta) => [
    Math.cos((theta * Math.PI) / 180),
    Math.sin((theta * Math.PI) / 180),
  ]) as [Pair, Pair, Pair];
  const aboutX: Matrix3 = [1, 0, 0, 0, cx, -sx, 0, sx, cx];
  const aboutY: Matrix3 = [cy, 0, sy, 0, 1, 0, -sy, 0, cy];
  const aboutZ: Matrix3 = [cz, -sz, 0, sz, cz, 0, 0, 0, 1];
  return product(product(aboutZ, aboutY), aboutX);
}

type Pair = [number, number];
type Row = [number, number, number];

function product(a: Matrix3, b: Matrix3): Matrix3 {
  const entry = (i: number, j: number): number =>
    [0, 1, 2].reduce((sum, l) => sum + (a[3 * i + l] as number) * (b[3 * l + j] as number), 0);
  const row = (i: number): Row => [entry(i, 0), entry(i, 1), entry(i, 2)];
  return [...row(0), ...row(1), ...row(2)];
}

function transposed([a, b, c, d, e, f, g, h, i]: Matrix3): Matrix3 {
  return [a, d, g, b, e, h, c, f, i];
}

/** The inverse of a camera matrix `[f, s, u; 0, g, v; 0, 0, 1]`. */
function inverted([f, s, u, , g, v]: Matrix3): Matrix3 {
  return [1 / f, -s / (f * g), (s * v) / (f * g) - u / f, 0, 1 / g, -v / g, 0, 0, 1];
}
