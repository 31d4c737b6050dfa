import type { Handle } from "../../runtime/index.js";
import type { OperatorArguments, OperatorName } from "../../tensor/index.js";
import { type Graph, notExportable } from "./graph.js";

/** How an operator is written: the name of its result. */
type Rule<K extends OperatorName> = (graph: Graph, ...args: OperatorArguments<K>) => string;
export type Rules = { readonly [K in OperatorName]?: Rule<K> };

const binary =
  (op: string) =>
  (g: Graph, a: Handle, b: Handle): string =>
    g.node(op, [g.name(a), g.name(b)]);
const unary =
  (op: string) =>
  (g: Graph, x: Handle): string =>
    g.node(op, [g.name(x)]);
const withNumber =
  (op: string) =>
  (g: Graph, x: Handle, value: number): string =>
    g.node(op, [g.name(x), g.number(value)]);

/** A comparison as 0 and 1. */
const asFloat = (g: Graph, condition: string): string => g.node("Cast", [condition], { to: { int: 1 } });
const comparison =
  (op: string, negated = false) =>
  (g: Graph, a: string, b: string): string => {
    const result = g.node(op, [a, b]);
    return asFloat(g, negated ? g.node("Not", [result]) : result);
  };
const compare =
  (op: string, negated = false) =>
  (g: Graph, a: Handle, b: Handle): string =>
    comparison(op, negated)(g, g.name(a), g.name(b));
const compareNumber =
  (op: string, negated = false) =>
  (g: Graph, x: Handle, value: number): string =>
    comparison(op, negated)(g, g.name(x), g.number(value));

const reduce =
  (op: string) =>
  (g: Graph, x: Handle, dims: readonly number[], keepDims: boolean): string =>
    g.node(op, [g.name(x), g.list(dims)], { keepdims: { int: keepDims ? 1 : 0 } });

/** A (leaky) ReLU of slope `slope` below zero; none for 1. */
function rectified(g: Graph, x: string, slope: number): string {
  if (slope === 1) return x;
  return slope === 0 ? g.node("Relu", [x]) : g.node("LeakyRelu", [x], { alpha: { float: slope } });
}

const bothSides = ([h, w]: readonly [number, number]): number[] => [h, w, h, w];
const kernelOf = (g: Graph, weight: Handle): readonly number[] => g.shape(weight).slice(2);

/** A scale or shift `[C]` that broadcasts over `[B, C, H, W]`. */
const perChannel = (g: Graph, tensor: Handle): string => g.node("Reshape", [g.name(tensor), g.list([1, -1, 1, 1])]);

const padModes = { constant: "constant", reflect: "reflect", replicate: "edge", circular: "wrap" } as const;
const resizeModes = { nearest: "nearest", bilinear: "linear", bicubic: "cubic" } as const;

/** The rules by operator. What has none is refused by name. */
export const rules: Rules = {
  add: binary("Add"),
  sub: binary("Sub"),
  mul: binary("Mul"),
  div: binary("Div"),
  pow: binary("Pow"),
  maximum: binary("Max"),
  minimum: binary("Min"),
  eq: compare("Equal"),
  ne: compare("Equal", true),
  gt: compare("Greater"),
  ge: compare("GreaterOrEqual"),
  lt: compare("Less"),
  le: compare("LessOrEqual"),
  addScalar: withNumber("Add"),
  mulScalar: withNumber("Mul"),
  divScalar: withNumber("Div"),
  powScalar: withNumber("Pow"),
  eqScalar: compareNumber("Equal"),
  neScalar: compareNumber("Equal", true),
  gtScalar: compareNumber("Greater"),
  geScalar: compareNumber("GreaterOrEqual"),
  ltScalar: compareNumber("Less"),
  leScalar: compareNumber("LessOrEqual"),
  neg: unary("Neg"),
  abs: unary("Abs"),
  sign: unary("Sign"),
  exp: unary("Exp"),
  log: unary("Log"),
  log1p: (g, x) => g.node("Log", [g.node("Add", [g.name(x), g.number(1)])]),
  sqrt: unary("Sqrt"),
  rsqrt: (g, x) => g.node("Reciprocal", [g.node("Sqrt", [g.name(x)])]),
  reciprocal: unary("Reciprocal"),
  square: (g, x) => g.node("Mul", [g.name(x), g.name(x)]),
  sin: unary("Sin"),
  cos: unary("Cos"),
  tanh: unary("Tanh"),
  sigmoid: unary("Sigmoid"),
  relu: unary("Relu"),
  silu: (g, x) => g.node("Mul", [g.name(x), g.node("Sigmoid", [g.name(x)])]),
  gelu: (g, x) => {
    // x / 2 (1 + erf(x / sqrt(2))); ONNX has the operator since opset 20.
    const erf = g.node("Erf", [g.node("Mul", [g.name(x), g.number(Math.SQRT1_2)])]);
    const half = g.node("Mul", [g.name(x), g.number(0.5)]);
    return g.node("Mul", [half, g.node("Add", [erf, g.number(1)])]);
  },
  softplus: unary("Softplus"),
  erf: unary("Erf"),
  floor: unary("Floor"),
  round: unary("Round"),
  leakyRelu: (g, x, slope) => g.node("LeakyRelu", [g.name(x)], { alpha: { float: slope } }),
  elu: (g, x, alpha) => g.node("Elu", [g.name(x)], { alpha: { float: alpha } }),
  clamp: (g, x, min, max) => g.node("Clip", [g.name(x), g.number(min), g.number(max)]),
  where: (g, condition, a, b) => {
    const chosen = g.node("Not", [g.node("Equal", [g.name(condition), g.number(0)])]);
    return g.node("Where", [chosen, g.name(a), g.name(b)]);
  },
  sum: reduce("ReduceSum"),
  mean: reduce("ReduceMean"),
  max: reduce("ReduceMax"),
  min: reduce("ReduceMin"),
  prod: reduce("ReduceProd"),
  reshape: (g, x, shape) => g.node("Reshape", [g.name(x), g.list(shape)]),
  permute: (g, x, order) => g.node("Transpose", [g.name(x)], { perm: order }),
  expand: (g, x, shape) => g.node("Expand", [g.name(x), g.list(shape)]),
  slice: (g, x, starts, ends, steps) => {
    const axes = starts.map((_, axis) => axis);
    return g.node("Slice", [g.name(x), g.list(starts), g.list(ends), g.list(axes), g.list(steps)]);
  },
  flip: (g, x, dims) => {
    // From the last entry to the one before the first, which no index but the smallest names.
    const all = (value: number): string => g.list(dims.map(() => value));
    return g.node("Slice", [g.name(x), all(-1), all(-(2 ** 31)), g.list(dims), all(-1)]);
  },
  roll: (g, x, shifts, dims) => {
    const shape = g.shape(x);
    return dims.reduce((value, dim, i) => {
      const size = shape[dim] as number;
      const cut = size === 0 ? 0 : ((-(shifts[i] as number) % size) + size) % size;
      if (cut === 0) return value;
      const part = (from: number, to: number): string =>
        g.node("Slice", [value, g.list([from]), g.list([to]), g.list([dim])]);
      return g.node("Concat", [part(cut, 2 ** 31), part(0, cut)], { axis: { int: dim } });
    }, g.name(x));
  },
  pad: (g, x, widths, mode, value) => {
    const before = widths.filter((_, i) => i % 2 === 0);
    const after = widths.filter((_, i) => i % 2 === 1);
    const inputs = [g.name(x), g.list([...before, ...after]), ...(mode === "constant" ? [g.number(value)] : [])];
    return g.node("Pad", inputs, { mode: padModes[mode] });
  },
  cat: (g, dim, tensors) =>
    g.node(
      "Concat",
      tensors.map((tensor) => g.name(tensor)),
      { axis: { int: dim } },
    ),
  // The graph computes in float32.
  cast: (g, x) => g.name(x),
  detach: (g, x) => g.name(x),
  clone: (g, x) => g.name(x),
  matmul: (g, a, b, _mixed) => binary("MatMul")(g, a, b),
  conv2d: (g, x, weight, bias, stride, padding, dilation, groups, _mixed, slope) => {
    const inputs = [g.name(x), g.name(weight), ...(bias === undefined ? [] : [g.name(bias)])];
    const attributes = { strides: stride, pads: bothSides(padding), dilations: dilation, group: { int: groups } };
    const y = g.node("Conv", inputs, { kernel_shape: kernelOf(g, weight), ...attributes });
    return rectified(g, y, slope);
  },
  convTranspose2d: (g, x, weight, bias, stride, padding, outputPadding, dilation, groups) => {
    const inputs = [g.name(x), g.name(weight), ...(bias === undefined ? [] : [g.name(bias)])];
    return g.node("ConvTranspose", inputs, {
      kernel_shape: kernelOf(g, weight),
      strides: stride,
      pads: bothSides(padding),
      output_padding: outputPadding,
      dilations: dilation,
      group: { int: groups },
    });
  },
  maxPool2d: (g, x, kernel, stride, padding, dilation) =>
    g.node("MaxPool", [g.name(x)], {
      kernel_shape: kernel,
      strides: stride,
      pads: bothSides(padding),
      dilations: dilation,
    }),
  avgPool2d: (g, x, kernel, stride, padding, countIncludePad) =>
    g.node("AveragePool", [g.name(x)], {
      kernel_shape: kernel,
      strides: stride,
      pads: bothSides(padding),
      count_include_pad: { int: countIncludePad ? 1 : 0 },
    }),
  adaptiveAvgPool2d: (g, x, size) => {
    const [height = 0, width = 0] = g.shape(x).slice(2);
    const [h, w] = size;
    if (h === 1 && w === 1) return g.node("GlobalAveragePool", [g.name(x)]);
    if (height % h !== 0 || width % w !== 0) {
      throw notExportable(`adaptiveAvgPool2d from ${height} x ${width} to ${h} x ${w} has windows of several sizes`);
    }
    const window = [height / h, width / w];
    return g.node("AveragePool", [g.name(x)], { kernel_shape: window, strides: window });
  },
  batchNorm: (g, x, weight, bias, mean, variance, epsilon, slope) => {
    const input = g.name(x);
    const axes = [0, 2, 3];
    const means = (value: string): string => g.node("ReduceMean", [value, g.list(axes)], { keepdims: { int: 1 } });
    const centred = g.node("Sub", [input, mean === undefined ? means(input) : perChannel(g, mean)]);
    const spread = variance === undefined ? means(g.node("Mul", [centred, centred])) : perChannel(g, variance);
    const deviation = g.node("Sqrt", [g.node("Add", [spread, g.number(epsilon)])]);
    const scaled = affine(g, g.node("Div", [centred, deviation]), weight, bias);
    return rectified(g, scaled, slope);
  },
  groupNorm: (g, x, weight, bias, groups, epsilon) => {
    const shape = g.shape(x);
    // Each group as one channel of one axis.
    const grouped = g.node("Reshape", [g.name(x), g.list([0, groups, -1])]);
    const units = [1, 0].map((value) => g.constant([groups], new Float32Array(groups).fill(value)));
    const normal = g.node("InstanceNormalization", [grouped, ...units], { epsilon: { float: epsilon } });
    return affine(g, g.node("Reshape", [normal, g.list(shape)]), weight, bias, shape.length - 2);
  },
  layerNorm: (g, x, weight, bias, epsilon) => {
    const means = (value: string): string => g.node("ReduceMean", [value, g.list([1])], { keepdims: { int: 1 } });
    const centred = g.node("Sub", [g.name(x), means(g.name(x))]);
    const spread = means(g.node("Mul", [centred, centred]));
    const deviation = g.node("Sqrt", [g.node("Add", [spread, g.number(epsilon)])]);
    return affine(g, g.node("Div", [centred, deviation]), weight, bias, g.shape(x).length - 2);
  },
  interpolate: (g, x, size, mode, alignCorners) => {
    const sizes = [...g.shape(x).slice(0, 2), ...size];
    const coordinates = mode === "nearest" ? "asymmetric" : alignCorners ? "align_corners" : "pytorch_half_pixel";
    return g.node("Resize", [g.name(x), "", "", g.list(sizes)], {
      mode: resizeModes[mode],
      coordinate_transformation_mode: coordinates,
      ...(mode === "nearest" && { nearest_mode: "floor" }),
      ...(mode === "bicubic" && { cubic_coeff_a: { float: -0.75 } }),
    });
  },
  pixelShuffle: (g, x, factor) => g.node("DepthToSpace", [g.name(x)], { blocksize: { int: factor }, mode: "CRD" }),
  pixelUnshuffle: (g, x, factor) => {
    const [batch = 0, channels = 0, height = 0, width = 0] = g.shape(x);
    const [h, w] = [height / factor, width / factor];
    const split = g.node("Reshape", [g.name(x), g.list([batch, channels, h, factor, w, factor])]);
    const order = g.node("Transpose", [split], { perm: [0, 1, 3, 5, 2, 4] });
    return g.node("Reshape", [order, g.list([batch, channels * factor ** 2, h, w])]);
  },
  gridSample: (g, x, grid, mode, outside, alignCorners) =>
    g.node("GridSample", [g.name(x), g.name(grid)], {
      mode,
      padding_mode: outside,
      align_corners: { int: alignCorners ? 1 : 0 },
    }),
};

/** Scale and shift of each channel, where there are any. */
function affine(g: Graph, x: string, weight: Handle | undefined, bias: Handle | undefined, axes = 2): string {
  const wide = (tensor: Handle): string =>
    g.node("Reshape", [g.name(tensor), g.list([1, -1, ...Array.from({ length: axes }, () => 1)])]);
  const scaled = weight === undefined ? x : g.node("Mul", [x, wide(weight)]);
  return bias === undefined ? scaled : g.node("Add", [scaled, wide(bias)]);
}
