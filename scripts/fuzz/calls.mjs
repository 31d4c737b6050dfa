// The calls of a run: all of them one after another, or random ones that a seed and a number decide.
import { make, nonsense, plausible, tensors } from "./values.mjs";
import { optionsOf } from "./targets.mjs";

const tensor = ["ones([1, 2, 8, 8])", (lib) => lib.ones([1, 2, 8, 8])];
const kernel = ["ones([2, 2, 3, 3])", (lib) => lib.ones([2, 2, 3, 3])];
const bound = (lib, [source, maker]) => [source, () => maker(lib)];

/** Arguments around the one that is nonsense. */
function contexts(lib, t) {
  const [x, k] = [bound(lib, tensor), bound(lib, kernel)];
  const [one, list, none] = [
    ["1", () => 1],
    ["[0]", () => [0]],
    ["undefined", () => undefined],
  ];
  if (t.group === "functional")
    return [
      [x, k, none],
      [x, one, none],
    ];
  if (t.group === "tensor")
    return [
      [none, none, none],
      [list, list, list],
      [one, one, one],
      [x, one, x],
    ];
  return [[none, none, none]];
}

/** Every value in every place of every function, and in every option. */
export function* everyCall(lib, list) {
  const values = [...nonsense, ...tensors(lib)];
  for (const t of list) {
    const places = Math.min(Math.max(t.length, 1) + 1, 4);
    for (const context of contexts(lib, t)) {
      for (let place = 0; place < places; place++) {
        for (const value of values) yield { t, args: [...context.slice(0, place), value, ...context.slice(place + 1)] };
        const before = context.slice(0, place);
        for (const key of optionsOf(
          t,
          before.map((entry) => make(entry).value),
        )) {
          for (const value of values) yield { t, args: [...before, option(key, value)] };
        }
      }
    }
  }
}

const option = (key, [source, maker]) => [`{ ${key}: ${source} }`, () => ({ [key]: maker() })];

/** A generator of numbers in [0, 1) (Mulberry32, a public-domain generator by T. Ettinger). */
export function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Call `index` of a seed: plausible and impossible arguments in any mixture. */
export function randomCall(lib, list, seed, index) {
  const next = randomNumbers(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
  const pick = (from) => from[Math.floor(next() * from.length)];
  const sizes = ["0", "1", "2", "3", "7", "8", "16", "33"];
  const shape = () => {
    const sources = Array.from({ length: Math.floor(next() * 5) }, () => pick(sizes));
    return [`ones([${sources.join(", ")}])`, () => lib.ones(sources.map(Number))];
  };
  const numbers = () => {
    const sources = Array.from({ length: Math.floor(next() * 5) }, () => pick([...sizes, "-1", "1e9", "1.5"]));
    return [`[${sources.join(", ")}]`, () => sources.map(Number)];
  };
  const any = () => {
    const kind = next();
    if (kind < 0.2) return pick(nonsense);
    if (kind < 0.35) return pick(tensors(lib));
    if (kind < 0.5) return shape();
    if (kind < 0.7) return numbers();
    return pick(plausible);
  };
  const t = pick(list);
  const args = Array.from({ length: Math.floor(next() * (Math.max(t.length, 1) + 2)) }, any);
  if (next() < 0.6) {
    const keys = optionsOf(
      t,
      args.map((entry) => make(entry).value),
    );
    const chosen = keys.filter(() => next() < 0.4).map((key) => option(key, any()));
    if (chosen.length > 0) {
      const source = `{ ${chosen.map(([text]) => text.slice(2, -2)).join(", ")} }`;
      args.push([source, () => Object.assign({}, ...chosen.map(([, maker]) => maker()))]);
    }
  }
  return { t, args };
}
