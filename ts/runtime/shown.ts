/** The key of a method by which a class says how messages name its objects, such as `a tensor [1, 1, 8, 8]`. */
export const SHOWN: unique symbol = Symbol("shown");

/** A description of any value for messages: `null`, `[1, 2]`, `"abc"`, `a tensor [1, 8]`, `the class Adam itself`. */
export function shown(value: unknown): string {
  try {
    return describe(value);
  } catch {
    return "an object that cannot be read";
  }
}

/** Longest text and list that messages repeat. */
const [MAX_TEXT, MAX_LIST] = [60, 8];

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "string")
    return JSON.stringify(value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT)}...` : value);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value === "bigint") return `the bigint ${value}`;
  if (typeof value === "function") {
    if (!isClass(value)) return "a function";
    return value.name === "" ? "a class" : `the class ${value.name} itself (new ${value.name}(...) is missing)`;
  }
  if (typeof value !== "object") return `a ${typeof value}`;
  if (Array.isArray(value)) return describeList(value);
  const own = (value as { [SHOWN]?: unknown })[SHOWN];
  if (typeof own === "function") return String(Reflect.apply(own, value, []));
  if (value instanceof Promise) return "a promise (await is missing)";
  const name = (value as { constructor?: { name?: unknown } }).constructor?.name;
  if (typeof name === "string" && name !== "" && name !== "Object") return `an instance of ${name.slice(0, MAX_TEXT)}`;
  const keys = Object.keys(value).slice(0, 3);
  return keys.length === 0 ? "an empty object" : `an object with ${keys.join(", ").slice(0, MAX_TEXT)}`;
}

function describeList(list: readonly unknown[]): string {
  if (list.length === 0) return "an empty list";
  const short = list.length <= MAX_LIST && list.every((entry) => typeof entry === "number");
  return short ? `[${list.join(", ")}]` : `a list of ${list.length}`;
}

/** Whether a value is a class, which cannot be called. */
export function isClass(value: unknown): boolean {
  return typeof value === "function" && /^class\b/.test(Function.prototype.toString.call(value));
}
