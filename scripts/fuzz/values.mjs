// Values for calls, each with the JavaScript that makes it, so that every call can be printed as one line.

/** @typedef {{ source: string, value: unknown }} Value */

/** A cyclic array, and one nested deeper than a stack. */
const cyclic = () => {
  const list = [];
  list.push(list);
  return list;
};
const nested = () => {
  let list = [];
  for (let i = 0; i < 100_000; i++) list = [list];
  return list;
};

/** What no function expects. Makers, because a call may dispose of its tensors. */
export const nonsense = [
  ["undefined", () => undefined],
  ["null", () => null],
  ["NaN", () => NaN],
  ["Infinity", () => Infinity],
  ["-Infinity", () => -Infinity],
  ["-1", () => -1],
  ["0", () => 0],
  ["1.5", () => 1.5],
  ["2 ** 31", () => 2 ** 31],
  ["2 ** 53", () => 2 ** 53],
  ["1e300", () => 1e300],
  ['""', () => ""],
  ['"abc"', () => "abc"],
  ["true", () => true],
  ["[]", () => []],
  ["[NaN]", () => [NaN]],
  ["[1.5]", () => [1.5]],
  ["[-1]", () => [-1]],
  ["[2 ** 31, 2 ** 31]", () => [2 ** 31, 2 ** 31]],
  ["[undefined]", () => [undefined]],
  ['["abc"]', () => ["abc"]],
  ["[1n]", () => [1n]],
  ["[Symbol()]", () => [Symbol()]],
  ["{}", () => ({})],
  ["{ length: 1e9 }", () => ({ length: 1e9 })],
  ["new Array(2 ** 31)", () => new Array(2 ** 31)],
  ["new Array(1000).fill(1)", () => new Array(1000).fill(1)],
  ["cyclic()", cyclic],
  ["nested()", nested],
  ["Symbol()", () => Symbol()],
  ["() => 1", () => () => 1],
  ["async () => 1", () => async () => 1],
  ["1n", () => 1n],
  ["new Date(0)", () => new Date(0)],
  ["new Float32Array(0)", () => new Float32Array(0)],
  ["new BigInt64Array(1)", () => new BigInt64Array(1)],
  ["new DataView(new ArrayBuffer(8))", () => new DataView(new ArrayBuffer(8))],
  ["new Map()", () => new Map()],
  ["Promise.resolve(1)", () => Promise.resolve(1)],
];

/** Tensors that fit few functions: disposed, of other types and ranks, without elements, as views. */
export const tensors = (lib) => [
  [
    "disposed()",
    () => {
      const t = lib.ones([1]);
      t.dispose();
      return t;
    },
  ],
  ["ones([2, 3, 4])", () => lib.ones([2, 3, 4])],
  ["ones([])", () => lib.ones([])],
  ["ones([0])", () => lib.ones([0])],
  ["ones([0, 3])", () => lib.ones([0, 3])],
  ["ones([1, 0, 8, 8])", () => lib.ones([1, 0, 8, 8])],
  ["ones([1, 2, 0, 8])", () => lib.ones([1, 2, 0, 8])],
  ["zeros([4, 0, 3]).flip([2])", () => lib.zeros([4, 0, 3]).flip([2])],
  ['ones([1, 2, 8, 8], { dtype: "float64" })', () => lib.ones([1, 2, 8, 8], { dtype: "float64" })],
  ["ones([1, 2, 8, 8])", () => lib.ones([1, 2, 8, 8])],
  ["ones([2, 2, 3, 3])", () => lib.ones([2, 2, 3, 3])],
  ["full([1, 2, 8, 8], NaN)", () => lib.full([1, 2, 8, 8], NaN)],
  ["ones([1, 1]).expand([1000, 1000])", () => lib.ones([1, 1]).expand([1000, 1000])],
  ["ones([1, 2, 8, 8]).requiresGrad_()", () => lib.ones([1, 2, 8, 8]).requiresGrad_()],
];

/** Values that many functions do expect. */
export const plausible = [
  ["1", () => 1],
  ["2", () => 2],
  ["3", () => 3],
  ["0.1", () => 0.1],
  ["1e9", () => 1e9],
  ["16e6", () => 16e6],
  ["65536", () => 65536],
  ["2 ** 32", () => 2 ** 32],
  ["1e-300", () => 1e-300],
  ["[0]", () => [0]],
  ["[1, 1]", () => [1, 1]],
  ["[0, 1, 2, 3]", () => [0, 1, 2, 3]],
  ["[1, 2, 8, 8]", () => [1, 2, 8, 8]],
  ["[2, 64]", () => [2, 64]],
  ["[4.9, 16.9]", () => [4.9, 16.9]],
  ["[0, 0, 0, 0, 1e8, 0, 0, 0]", () => [0, 0, 0, 0, 1e8, 0, 0, 0]],
  ['"circular"', () => "circular"],
  ['"float64"', () => "float64"],
  ["false", () => false],
];

/** @returns {Value} the value of an entry. */
export function make([source, maker]) {
  return { source, value: maker() };
}
