// The tables of docs/configuration.md, between its marks.
import { Failure } from "../common.mjs";

const code = (text) => `\`${text}\``;
const row = (cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
const table = (header, rows) => [row(header), row(header.map(() => "---")), ...rows.map(row)].join("\n");

/** The document with its tables made anew: one for each mark `<!-- table: NAME -->`. */
export function documentTables(before, { classes, config }) {
  const kinds = Object.keys(classes).filter((kind) => Object.keys(classes[kind]).length > 0);
  const made = {
    keys: table(["key", "meaning", "default"], keyRows(config, "")),
    ...Object.fromEntries(kinds.map((kind) => [kind, classTable(classes[kind])])),
  };
  const left = new Set(Object.keys(made));
  const after = before.replace(
    /(<!-- table: (\w+), made by npm run generate -->\n)[\s\S]*?(\n<!-- end of table -->)/g,
    (_, from, name, to) => {
      if (!made[name])
        throw new Failure(`generate: docs/configuration.md asks for a table ${name}, which there is not.`);
      left.delete(name);
      return `${from}${made[name]}${to}`;
    },
  );
  if (left.size > 0)
    throw new Failure(`generate: docs/configuration.md lacks the marks of these tables: ${[...left].join(", ")}.`);
  return after;
}

/** A row for each key, those of objects inside as `data.train`. */
function keyRows(options, prefix) {
  return Object.entries(options).flatMap(([name, option]) => {
    const key = `${prefix}${name}`;
    const rows = [[code(key), meaning(option), defaultCell(option)]];
    return option.type.fields ? [...rows, ...keyRows(option.type.fields, `${key}.`)] : rows;
  });
}

function classTable(entries) {
  return table(
    ["name", "what it is", "options"],
    Object.entries(entries).map(([name, { about, options }]) => [
      code(name),
      about,
      Object.entries(options).map(optionCell).join(", "),
    ]),
  );
}

/** An option in short: its name, and its default where that is short. */
function optionCell([name, option]) {
  if (option.required) return `**${code(name)}**`;
  const text = option.default === undefined ? "" : JSON.stringify(option.default);
  return text === "" || text.length > 12 ? code(name) : `${code(name)} (${text})`;
}

const meaning = ({ about, type }) => [about, typeText(type)].filter(Boolean).join(" ");

/** The words that may be written. */
const typeText = (type) =>
  type.words ? `One of ${type.words.map((word) => code(JSON.stringify(word))).join(", ")}.` : "";

function defaultCell({ required, default: value, defaultText }) {
  if (required) return "required";
  if (value !== undefined) return code(JSON.stringify(value));
  return defaultText ?? "none";
}
