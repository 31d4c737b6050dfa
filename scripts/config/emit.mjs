// The files that are made of the tables: ts/cli/classes.generated.ts, docs/config.schema.json and the tables of
// docs/configuration.md.
import { readTables } from "./classes.mjs";
import { documentTables } from "./document.mjs";
import { schema } from "./schema.mjs";

/** The generated files: the path of each, and a function from its current to its new content. */
export function configFiles() {
  const tables = readTables();
  return [
    { path: "ts/cli/classes.generated.ts", make: () => typeScript(tables) },
    { path: "docs/config.schema.json", make: () => oneDefinitionALine(schema(tables)) },
    { path: "docs/configuration.md", make: (before) => documentTables(before, tables) },
  ];
}

/** JSON with one line for each key and each definition, so that changes can be read. */
function oneDefinitionALine({ definitions, ...rest }) {
  const lines = (object) =>
    Object.entries(object).map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  const inner = lines(definitions).join(",\n    ");
  return `{\n  ${[...lines(rest), `"definitions": {\n    ${inner}\n  }`].join(",\n  ")}\n}\n`;
}

/** A value as TypeScript, on one line; keys without quotes where they need none. */
function literal(value) {
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, part]) => `${keyOf(key)}: ${literal(part)}`);
  return `{ ${entries.join(", ")} }`;
}
const keyOf = (key) => (/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key));

/** What is used at run time: types and which options are required. */
function bare(options) {
  return Object.fromEntries(
    Object.entries(options).map(([name, { type, required }]) => [
      name,
      { type: bareType(type), ...(required ? { required } : {}) },
    ]),
  );
}

function bareType(type) {
  if (typeof type === "string" || type.words || type.kind) return type;
  if (type.fields) return { fields: bare(type.fields) };
  if (type.tuple) return { tuple: type.tuple.map(bareType) };
  if (type.either) return { either: type.either.map(bareType) };
  const [[key, inner]] = Object.entries(type);
  return { [key]: bareType(inner) };
}

function typeScript({ classes, notNamed, config }) {
  const folders = new Set(
    Object.values(classes).flatMap((kind) =>
      Object.values(kind).map(({ make }) => /(?:new |=> )(\w+)\./.exec(make)?.[1]),
    ),
  );
  const imports = [...folders].filter((folder) => folder && folder !== "further").sort();
  const entry = ([name, { make, options, rng }]) =>
    `    ${keyOf(name)}: { make: ${make}, options: ${literal(bare(options))}${rng ? ", rng: true" : ""} },`;
  const lines = [
    "// Made by npm run generate from the exported classes and their options; not edited by hand.",
    ...imports.map((folder) => `import * as ${folder} from "../${folder}/index.js";`),
    'import { further } from "./further.js";',
    'import type { ClassEntry, Kind, Options } from "./option-type.js";',
    "",
    "/** Everything that a configuration can name, by kind: how it is made, and its options. */",
    "export const classes: Readonly<Record<Kind, Readonly<Record<string, ClassEntry>>>> = {",
    ...Object.entries(classes).flatMap(([kind, entries]) => [
      `  ${kind}: {`,
      ...Object.entries(entries).map(entry),
      "  },",
    ]),
    "};",
    "",
    "/** The keys of a configuration. */",
    `export const configOptions: Options = ${literal(bare(config))};`,
    "",
    "/** The exported classes that no configuration can name, with the reasons. */",
    "export const notNamed: Readonly<Record<string, string>> = {",
    ...Object.entries(notNamed).map(([path, reason]) => `  ${JSON.stringify(path)}: ${JSON.stringify(reason)},`),
    "};",
  ];
  return `${lines.join("\n")}\n`;
}
