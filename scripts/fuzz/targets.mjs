// What is called: found by reflection, so that a new function is tested without a word here.

/** Functions that wait for something outside, or that a wrong value may well keep waiting. */
const LEFT_OUT = new Set(["init", "initWeb", "Tensor.constructor", "Tensor.holder", "Tensor.dispose"]);

const isClass = (value) => typeof value === "function" && /^class\b/.test(Function.prototype.toString.call(value));

/** The names of the methods of a class and of its bases. */
function methodsOf(prototype) {
  const names = [];
  for (let at = prototype; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) {
      const { value } = Object.getOwnPropertyDescriptor(at, name) ?? {};
      if (name !== "constructor" && typeof value === "function" && !names.includes(name)) names.push(name);
    }
  }
  return names.sort();
}

/**
 * A target: `call` runs it with arguments, `source` prints the call.
 *
 * @param {"tensor" | "functional" | "library"} group
 */
function target(group, name, length, call, source) {
  return { group, name, length, call, source };
}

/** The exports of a namespace: functions are called, classes constructed. */
function ofNamespace(group, prefix, namespace) {
  const found = [];
  for (const name of Object.keys(namespace).sort()) {
    const value = namespace[name];
    const path = prefix === "" ? name : `${prefix}.${name}`;
    if (typeof value !== "function" || LEFT_OUT.has(path) || name.endsWith("Error")) continue;
    const construct = isClass(value);
    found.push(
      target(
        group,
        path,
        value.length,
        construct ? (args) => new value(...args) : (args) => value(...args),
        (args) => `${construct ? "new " : ""}${path}(${args.join(", ")})`,
      ),
    );
  }
  return found;
}

/** Everything that is called, in an order that only the library decides. */
export function targets(lib) {
  const { nn, Tensor, ...rest } = lib;
  const namespaces = Object.entries(rest).filter(([, value]) => typeof value === "object" && value !== null);
  const functions = Object.fromEntries(Object.entries(rest).filter(([, value]) => typeof value === "function"));
  const x = () => lib.ones([1, 2, 8, 8]);
  const methods = methodsOf(Tensor.prototype)
    .filter((name) => !LEFT_OUT.has(`Tensor.${name}`))
    .map((name) =>
      target(
        "tensor",
        `Tensor.${name}`,
        Tensor.prototype[name].length,
        (args) => x()[name](...args),
        (args) => `ones([1, 2, 8, 8]).${name}(${args.join(", ")})`,
      ),
    );
  return [
    ...methods,
    ...ofNamespace("tensor", "", functions),
    ...ofNamespace("functional", "nn.functional", nn.functional),
    ...ofNamespace("library", "nn", { ...nn, functional: undefined }),
    ...namespaces.flatMap(([name, namespace]) => ofNamespace("library", name, namespace)),
  ];
}

/** The options that a function says it has, by the message that refuses an unknown one. */
export function optionsOf(t, before) {
  try {
    const result = t.call([...before, { noSuchOption: 1 }]);
    if (result instanceof Promise) result.catch(() => undefined);
  } catch (error) {
    if (error?.code !== "unknown_option") return [];
    const list = /Valid options: ([^.]*)\./.exec(error.message)?.[1];
    return list === undefined ? [] : list.split(", ");
  }
  return [];
}
