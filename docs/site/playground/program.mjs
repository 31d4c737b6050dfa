// From the text of a program to a function: types are taken out, imports become the library's objects.
import { transform } from "sucrase";

const AsyncFunction = (async () => {}).constructor;

/** `a, b as c` to the pattern `a, b: c`. */
const pattern = (names) => names.replace(/\s+as\s+/g, ": ");

/** The names of the values at the top level of a program. */
export function topLevelNames(code) {
  const names = [];
  for (const [, one, group] of code.matchAll(/^(?:const|let|var)\s+(?:(\w+)|[{[]([^}\]=]*)[}\]])/gm)) {
    if (one) names.push(one);
    else
      for (const part of group.split(",")) {
        const [, name] = /(\w+)\s*$/.exec(part) ?? [];
        if (name) names.push(name);
      }
  }
  return [...new Set(names)];
}

/** The program as a function of what it imports, and of a function that takes its top-level values. */
export function compile(code, modules) {
  const { code: plain } = transform(code, { transforms: ["typescript"], disableESTransforms: true });
  const body = plain.replace(
    /^import\s+(?:\{([^}]*)\}|\*\s+as\s+(\w+))\s+from\s+["']([^"']+)["'];?/gm,
    (_, names, space, from) => {
      if (!(from in modules))
        throw new Error(`import "${from}": the playground has ${Object.keys(modules).join(", ")}.`);
      const lines = "\n".repeat((names ?? "").split("\n").length - 1);
      return `const ${space ?? `{${pattern(names).replaceAll("\n", " ")}}`} = modules["${from}"];${lines}`;
    },
  );
  const inside = body.replace(/^export\s+(?:default\s+)?(?=async|function|class|const|let)/gm, "");
  const values = topLevelNames(inside).join(", ");
  return new AsyncFunction("modules", "report", `${inside}\n;report({ ${values} });`);
}
