// The text of ts/tensor/operators.generated.ts, made from the operator table of the core.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { Failure, root } from "./common.mjs";

/**
 * How a parameter of each kind is typed, and where its values go in a call. Numbers are checked here, once for all
 * callers: the core receives whole numbers where it expects them.
 */
const kinds = {
  Tensor: { type: "Handle", tensors: (name) => name },
  "Tensor?": { type: "Handle | undefined", tensors: (name) => `${name} ?? 0` },
  "Tensor[]": { type: "readonly Handle[]", tensors: (name) => `...${name}` },
  boolean: { type: "boolean", ints: checkedBy("flag") },
  size: { type: "number", ints: checkedBy("integer") },
  integer: { type: "number", ints: checkedBy("integer") },
  "size[]": { type: "readonly number[]", ints: spreadOf("integers") },
  "integer[]": { type: "readonly number[]", ints: spreadOf("integers") },
  pair: { type: "readonly [number, number]", ints: spreadOf("integers") },
  number: { type: "number", floats: checkedBy("number") },
  "number[]": { type: "readonly number[]", floats: spreadOf("numbers") },
};

/** A call of a check in ts/tensor/call.ts. */
function checkedBy(check) {
  return (name, operator) => `${check}("${operator}", "${name}", ${name})`;
}

/** The same for a list. */
function spreadOf(check) {
  return (name, operator) => `...${checkedBy(check)(name, operator)}`;
}

/** "PadMode" to "padModes". */
const listName = (type) => `${type[0].toLowerCase()}${type.slice(1)}s`;

/** The kind of a parameter; an enum crosses as the position of its word. */
function kindOf(operator, { name, kind, words }) {
  if (words.length > 0) return { type: kind, ints: () => `code("${operator}", "${name}", ${listName(kind)}, ${name})` };
  if (!(kind in kinds)) throw new Error(`operator ${operator}: parameter ${name} has the unknown kind ${kind}`);
  return kinds[kind];
}

/** The call of an operator: without arrays where it has at most two tensors, one number and one result. */
function callOf({ name: operator, code, results }, parameters) {
  const operands = (place) => parameters.filter((p) => place in p).map((p) => p[place](p.name, operator));
  const [tensors, ints, floats] = ["tensors", "ints", "floats"].map(operands);
  const isList = listOf(results) !== undefined;
  const plain = parameters.every(({ type }) => type === "Handle" || type === "number");
  if (plain && ints.length === 0 && tensors.length <= 2 && floats.length <= 1 && results.length === 1 && !isList)
    return `one(${[code, tensors[0], tensors[1] ?? 0, floats[0] ?? 0].join(", ")})`;
  const lists = [tensors, ints, floats].map((list) => `[${list.join(", ")}]`).join(", ");
  if (isList) return `all(${code}, ${lists})`;
  if (results.length === 1) return `first(${code}, ${lists})`;
  return `all(${code}, ${lists}) as ${tupleOf(results)}`;
}

/** The name of results of any number, which the table has as "name[]". */
const listOf = (results) => /^(.*)\[\]$/.exec(results[0])?.[1];

const tupleOf = (results) => `[${results.map((name) => `${name}: Handle`).join(", ")}]`;

/** Words in lines of at most 100 characters. */
function wrap(text) {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== "" && last.length + 1 + word.length > 100) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return lines;
}

/** One operator: documentation, parameters, call. */
function wrapper(row) {
  const parameters = row.parameters.map((p) => ({ ...p, ...kindOf(row.name, p) }));
  const explained = parameters.filter(({ doc }) => doc !== "").map(({ name, doc }) => `@param ${name} ${doc}`);
  const doc = [...wrap(row.doc), ...explained.flatMap(wrap)].map((line) => ` * ${line}\n`).join("");
  const list = parameters.map(({ name, type }) => `${name}: ${type}`).join(", ");
  const single = listOf(row.results) === undefined ? "Handle" : "Handle[]";
  const result = row.results.length === 1 ? single : tupleOf(row.results);
  return `/**\n${doc} */\n${row.name}: (${list}): ${result} => ${callOf(row, parameters)},`;
}

/** Each enum of the table: its words as a type and as a list, in the order of their codes. */
function enums(rows) {
  const found = new Map(rows.flatMap((row) => row.parameters).map(({ kind, words }) => [kind, words]));
  return [...found]
    .filter(([, words]) => words.length > 0)
    .map(([type, words]) => {
      const list = words.map((word) => `"${word}"`);
      return `/** Words of the enum ${type}, in the order of their codes. */
export const ${listName(type)} = [${list.join(", ")}] as const;
/** A word of the enum ${type}. */
export type ${type} = (typeof ${listName(type)})[number];
`;
    });
}

/** The text as the formatter of the repository writes it. */
function formatted(text) {
  const biome = join(root, "node_modules", "@biomejs", "biome", "bin", "biome");
  const run = spawnSync(process.execPath, [biome, "format", "--stdin-file-path=ts/tensor/operators.ts"], {
    cwd: root,
    input: text,
    encoding: "utf8",
  });
  if (run.status !== 0) throw new Failure(`the operator wrappers cannot be formatted: ${run.stderr}`);
  return run.stdout;
}

/** The whole file; `digest` is the core's sum over the table. */
export function operatorWrappers(rows, digest) {
  return formatted(`// Generated by scripts/generate.mjs from the operator table, crates/core/src/surface/table.rs.
import type { Handle } from "../runtime/index.js";
import { code, flag, integer, integers, number, numbers, operatorCalls } from "./call.js";

const { all, first, one } = operatorCalls("${digest}");

${enums(rows).join("\n")}
/** The operators of the core, on handles. */
export const operators = {
${rows.map(wrapper).join("\n")}
} as const;
`);
}
