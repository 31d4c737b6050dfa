// Values for calls, as the JavaScript that makes them, so that every call is one line that can be repeated.

/** Names that values use beside those of the library: `environment(lib)` has them. */
export function environment(lib) {
  class CallerError extends Error {}
  const failing = () => {
    throw new CallerError("thrown by what the caller gave");
  };
  const cyclic = () => {
    const list = [];
    list.push(list);
    return list;
  };
  let deep = [];
  for (let i = 0; i < 100_000; i++) deep = [deep];
  const nested = () => deep;
  const text = "x".repeat(1e6);
  const long = () => text;
  const disposed = () => {
    const t = lib.ones([1]);
    t.dispose();
    return t;
  };
  const revoked = (target = {}) => {
    const { proxy, revoke } = Proxy.revocable(target, {});
    revoke();
    return proxy;
  };
  /** An object every access of which fails. */
  const hostile = (target = {}) =>
    new Proxy(target, Object.fromEntries(Reflect.ownKeys(Reflect).map((trap) => [trap, failing])));
  const withGetter = (key) => Object.defineProperty({}, key, { get: failing, enumerable: true });
  const detached = () => {
    const view = new Uint8Array(8);
    structuredClone(view.buffer, { transfer: [view.buffer] });
    return view;
  };
  return { CallerError, cyclic, nested, long, disposed, revoked, hostile, withGetter, detached, failing };
}

/** What no function expects. */
export const nonsense = [
  "undefined",
  "null",
  "NaN",
  "Infinity",
  "-Infinity",
  "-1",
  "-0",
  "0",
  "1.5",
  "2 ** 31",
  "2 ** 53",
  "1e300",
  '""',
  '"abc"',
  '"__proto__"',
  "long()",
  "true",
  "false",
  "[]",
  "[NaN]",
  "[1.5]",
  "[-1]",
  "[null]",
  "[2 ** 31, 2 ** 31]",
  "[undefined]",
  '["abc"]',
  "[1n]",
  "[Symbol()]",
  "[{}]",
  "[[]]",
  "[, 1]",
  "new Array(3)",
  "new Array(2 ** 31)",
  "new Array(1000).fill(1)",
  "cyclic()",
  "nested()",
  "[nested()]",
  "{}",
  "{ length: 1e9 }",
  "{ shape: [1, 1, 8, 8], forward: 1 }",
  "Object.create(null)",
  "Object.freeze({})",
  "{ toString: 1, valueOf: 1 }",
  "{ toString: failing, valueOf: failing, toJSON: failing }",
  "{ then: failing }",
  "withGetter('length')",
  "hostile()",
  "hostile([])",
  "hostile(() => 1)",
  "revoked()",
  "revoked([])",
  "Symbol()",
  "() => 1",
  "() => undefined",
  "failing",
  "async () => 1",
  "async () => failing()",
  "function* () {}",
  "class {}",
  "Tensor",
  "Rng",
  "1n",
  "new Number(1)",
  "new String('abc')",
  "new Date(NaN)",
  "/a/",
  "new Error('abc')",
  "new Float32Array(0)",
  "new Float32Array([NaN, 1])",
  "new BigInt64Array(1)",
  "new Uint8Array(8)",
  "detached()",
  "new ArrayBuffer(8)",
  "new DataView(new ArrayBuffer(8))",
  "new Map([[1, 2]])",
  "new Set([1])",
  "new WeakMap()",
  "Promise.resolve(1)",
  "globalThis",
];

/** Tensors that fit few functions: disposed, of other types and ranks, without elements, as views. */
export const tensors = [
  "disposed()",
  "[disposed()]",
  "ones([2, 3, 4])",
  "ones([])",
  "ones([0])",
  "ones([0, 3])",
  "ones([0, 1, 8, 8])",
  "ones([1, 0, 8, 8])",
  "ones([1, 2, 0, 8])",
  "zeros([4, 0, 3]).flip([2])",
  'ones([1, 2, 8, 8], { dtype: "float64" })',
  "ones([1, 2, 8, 8])",
  "ones([1, 1, 8, 8])",
  "ones([1, 2, 1, 1])",
  "ones([2, 2, 3, 3])",
  "ones([1, 2, 3, 8, 8])",
  "full([1, 2, 8, 8], NaN)",
  "ones([1, 1]).expand([1000, 1000])",
  "ones([1, 2, 8, 8]).requiresGrad_()",
  "[ones([1, 1, 8, 8]), ones([1, 1, 8, 8])]",
  "[ones([1, 1, 8, 8]), null]",
];

/** Objects of the library that fit where one of their kind is expected. */
export const objects = [
  "new Rng(0)",
  "new physics.Denoising()",
  "new physics.StackedPhysics({ list: [new physics.Denoising(), new physics.Denoising()] })",
  "new physics.GaussianNoise()",
  "new loss.SupLoss()",
  "new metric.MSE()",
  "new nn.ReLU()",
  "new nn.DnCNN({ depth: 2, nf: 1, inChannels: 1, outChannels: 1 })",
  "new transform.Shift()",
  "new data.TensorDataset({ x: ones([2, 1, 8, 8]) })",
];

/** Values that many functions do expect. */
export const plausible = [
  "1",
  "2",
  "3",
  "0.1",
  "1e9",
  "16e6",
  "65536",
  "2 ** 32",
  "1e-300",
  "[0]",
  "[1, 1]",
  "[0, 1, 2, 3]",
  "[1, 2, 8, 8]",
  "[1, 8, 8]",
  "[2, 64]",
  "[4.9, 16.9]",
  "[0, 0, 0, 0, 1e8, 0, 0, 0]",
  '"circular"',
  '"float64"',
];
