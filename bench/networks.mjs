// The convolutions of the timed networks, as work.mjs counts them.
import { convolution, transposedConvolution } from "./work.mjs";

const layer = (forward) => ({ forward });
const same = ([batch, , ...sides], from, to, side = 3) =>
  layer(convolution([batch, from, ...sides], [to, from, side, side], { padding: (side - 1) / 2 }));
const shrunk = ([batch, channels, ...sides], by) => [batch, channels, ...sides.map((n) => n / by)];

/** A DnCNN on images of `shape`. */
export const dncnnLayers = (depth, features, shape) => [
  same(shape, shape[1], features),
  ...Array.from({ length: depth - 2 }, () => same(shape, features, features)),
  same(shape, features, shape[1]),
];

/** The U-Net of three scales. */
export function unetLayers(shape) {
  const block = (at, from, to) => [same(at, from, to), same(at, to, to)];
  const [half, quarter] = [2, 4].map((by) => shrunk(shape, by));
  return [
    ...block(shape, 1, 64),
    ...block(half, 64, 128),
    ...block(quarter, 128, 256),
    same(half, 256, 128),
    ...block(half, 256, 128),
    same(shape, 128, 64),
    ...block(shape, 128, 64),
    same(shape, 64, 1, 1),
  ];
}

/** A DRUNet with `nc` channels on its four scales and `nb` residual blocks on each. */
export function drunetLayers(nc, nb, shape) {
  const at = nc.map((_, k) => shrunk(shape, 2 ** k));
  const blocks = (k) => Array.from({ length: 2 * nb }, () => same(at[k], nc[k], nc[k]));
  const sized = (k) => [at[k][0], nc[k], ...at[k].slice(2)];
  const down = (k) => layer(convolution(sized(k), [nc[k + 1], nc[k], 2, 2], { stride: 2 }));
  const up = (k) => layer(transposedConvolution(sized(k + 1), [nc[k + 1], nc[k], 2, 2], { stride: 2 }));
  return [
    same(shape, shape[1] + 1, nc[0]),
    ...[0, 1, 2].flatMap((k) => [...blocks(k), down(k)]),
    ...blocks(3),
    ...[2, 1, 0].flatMap((k) => [up(k), ...blocks(k)]),
    same(shape, nc[0], shape[1]),
  ];
}

/** A PatchGAN discriminator of `count` layers beside the first and the last. */
export function patchGanLayers(features, count, shape) {
  const widths = Array.from({ length: count }, (_, n) => [
    features * Math.min(2 ** n, 8),
    features * Math.min(2 ** (n + 1), 8),
  ]);
  const plan = [[shape[1], features], ...widths, [widths.at(-1)[1], 1]];
  let sides = shape.slice(2);
  return plan.map(([from, to], n) => {
    const stride = n < count ? 2 : 1;
    const forward = convolution([shape[0], from, ...sides], [to, from, 4, 4], { stride, padding: 2 });
    sides = sides.map((side) => Math.floor(side / stride) + 1);
    return layer(forward);
  });
}
