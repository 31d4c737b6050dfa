// The calls of a run: all of them one after another, or random ones that a seed and a number decide. A call is
// `{ callee, args }`, both JavaScript; `{ on, callee, args }` where a method is called on what `on` makes.
import { argumentMaker } from "./arguments.mjs";
import { numbersOf } from "./random.mjs";
import { nonsense, objects, plausible, tensors } from "./values.mjs";

/** The text that repeats a call. */
export function sourceOf({ on, callee, args }) {
  const list = args.join(", ");
  return on === undefined ? `${callee}(${list})` : `(${on}).${callee}(${list})`;
}

/** The group of a target: `tensor`, `functional`, or its namespace. */
export const groupOf = ({ path }) =>
  path.startsWith("nn.functional.") ? "functional" : /^[a-z]+\./.test(path) ? path.split(".")[0] : "tensor";

/** The targets of some groups; `library` stands for all namespaces. */
export function chosen(signatures, groups) {
  return signatures.filter((each) => {
    const group = groupOf(each);
    const isLibrary = group !== "tensor" && group !== "functional";
    return (groups.includes(group) || (isLibrary && groups.includes("library"))) && each.path !== "Tensor";
  });
}

/** What is called, before its arguments; undefined where no instance can be made. */
export function calleeOf(target, maker) {
  const { asynchronous } = target;
  if (target.kind === "class") return { callee: `new ${target.path}`, asynchronous };
  if (target.kind !== "method") return { callee: target.path, asynchronous };
  const on = target.of === "Tensor" ? "ones([1, 2, 8, 8])" : maker.instance(target.of);
  return on === undefined ? undefined : { on, callee: target.name, asynchronous };
}

/** Methods that make as many draws as they are asked for, by default thousands: here they make a few. */
const COUNTED = new Set(["average"]);
const MANY = new Set([undefined, "undefined", "65536"]);
/** Options that are a number of evaluations of a network. */
const MANY_EVALUATIONS = /\b(mcIter|probes): 65536\b/g;

function withFew({ callee, args, ...call }) {
  const few = COUNTED.has(callee) && MANY.has(args[0]) ? ["3", ...args.slice(1)] : args;
  return { ...call, callee, args: few.map((source) => source.replace(MANY_EVALUATIONS, "$1: 3")) };
}

const everyValue = [...nonsense, ...tensors, ...objects];

/** The objects of fields among the alternatives of a type. */
const fieldsOf = (type) => type?.fields ?? type?.either?.find((part) => part.fields)?.fields;

/** Every value in every place of every function, in every option, and in every field of an option that has some. */
export function* everyCall(targets, signatures) {
  for (const call of allCalls(targets, signatures)) yield withFew(call);
}

function* allCalls(targets, signatures) {
  const maker = argumentMaker(signatures);
  const seen = new Set();
  for (const target of targets) {
    const callee = calleeOf(target, maker);
    if (callee === undefined) continue;
    // A method that many classes inherit is tried on the first; random calls try it on all.
    const method = `${target.by}.${target.name}`;
    if (target.kind === "method" && seen.has(method)) continue;
    seen.add(method);
    const { parameters, path } = target;
    const owner = target.of ?? path;
    const needed = parameters.map((each) => (each.optional ? "undefined" : maker.value(each.type, each.name, owner)));
    yield { ...callee, args: [] };
    yield { ...callee, args: needed };
    for (let place = 0; place <= Math.min(parameters.length, 4); place++) {
      const around = (source) => [...needed.slice(0, place), source, ...needed.slice(place + 1)];
      for (const source of everyValue) {
        yield { ...callee, args: around(source) };
        if (place > 0) yield { ...callee, args: [...new Array(place).fill("undefined"), source] };
      }
      const { type } = parameters[place] ?? {};
      if (type?.list !== undefined) {
        const valid = maker.value(type.list, "", owner);
        for (const source of everyValue) yield { ...callee, args: around(`[${valid}, ${source}]`) };
      }
      const fields = fieldsOf(type);
      for (const source of inFields(maker, fields, owner)) yield { ...callee, args: around(source) };
    }
  }
}

/** Objects of fields with every value in the place of each. */
function* inFields(maker, fields, owner) {
  if (fields === undefined) return;
  yield maker.object(fields, owner, 1, { noSuchOption: "1" });
  for (const [key, field] of Object.entries(fields)) {
    const within = (source) => maker.object(fields, owner, 1, { [key]: source });
    yield within(maker.value(field.type, key, owner, 1));
    for (const source of everyValue) yield within(source);
    const inner = fieldsOf(field.type);
    if (inner !== undefined) {
      for (const innerKey of Object.keys(inner)) {
        for (const source of everyValue) yield within(maker.object(inner, owner, 2, { [innerKey]: source }));
      }
    }
    const parts = field.type.list ?? field.type.either?.find((part) => part.list)?.list ?? field.type.table;
    if (parts !== undefined) {
      for (const source of everyValue) yield within(field.type.table ? `{ a: ${source} }` : `[${source}]`);
    }
  }
}

/** Call `index` of a seed: plausible and impossible arguments in any mixture. */
export function randomCall(targets, signatures, seed, index) {
  const next = numbersOf(seed, index);
  const pick = (from) => from[Math.floor(next() * from.length)];
  const maker = argumentMaker(signatures, pick, () => next() < 0.3);
  const sizes = ["0", "1", "2", "3", "7", "8", "16", "33"];
  const shape = () => `[${Array.from({ length: Math.floor(next() * 5) }, () => pick(sizes)).join(", ")}]`;
  const any = () => {
    const kind = next();
    if (kind < 0.4) return pick(nonsense);
    if (kind < 0.5) return pick(tensors);
    if (kind < 0.6) return `ones(${shape()})`;
    if (kind < 0.7) return shape();
    if (kind < 0.8) return pick(objects);
    return pick(plausible);
  };
  const argument = ({ type, name, optional }, owner) => {
    const kind = next();
    if (optional && kind < 0.4) return "undefined";
    const fields = fieldsOf(type);
    if (fields !== undefined && kind < 0.8) {
      const changed = Object.keys(fields).filter(() => next() < 0.2);
      return maker.object(fields, owner, 1, Object.fromEntries(changed.map((key) => [key, any()])));
    }
    return kind < 0.6 ? maker.value(type, name, owner) : any();
  };
  for (;;) {
    const target = pick(targets);
    const callee = calleeOf(target, maker);
    if (callee === undefined) continue;
    const args = target.parameters.map((each) => argument(each, target.of ?? target.path));
    if (next() < 0.1) args.push(any());
    if (next() < 0.1) args.length = Math.floor(next() * args.length);
    return withFew({ ...callee, args });
  }
}
