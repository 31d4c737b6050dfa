import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../ts", import.meta.url));

/** What a file of the library exports: name, and whether a comment stands above. */
function exportsOf(text: string): Map<string, boolean> {
  const found = new Map<string, boolean>();
  const pattern =
    /(\*\/\n(?:\/\/.*\n)*)?^export (?:declare )?(?:abstract )?(?:async )?(?:class|function\*?|const|let|interface|type) (\w+)/gm;
  // Of overloads the first has the comment.
  for (const [, comment, name] of text.matchAll(pattern))
    found.set(name as string, (found.get(name as string) ?? false) || comment !== undefined);
  return found;
}

/** The exports that are reached from a file, by the files they are defined in. */
function reached(file: string, names?: ReadonlySet<string>, seen = new Set<string>()): [string, string, boolean][] {
  const text = readFileSync(file, "utf8");
  const key = `${file} ${names ? [...names].join() : "*"}`;
  if (seen.has(key)) return [];
  seen.add(key);
  const own = [...exportsOf(text)]
    .filter(([name]) => names === undefined || names.has(name))
    .map(([name, documented]) => [file, name, documented] as [string, string, boolean]);
  const target = (address: string): string => join(dirname(file), address.replace(/\.js$/, ".ts"));
  const all = [...text.matchAll(/^export \*(?: as \w+)? from "(\.[^"]+)"/gm)].flatMap(([, address]) =>
    reached(target(address as string), names, seen),
  );
  const some = [...text.matchAll(/^export (?:type )?\{([^}]*)\} from "(\.[^"]+)"/gm)].flatMap(([, list, address]) => {
    const originals = (list as string)
      .split(",")
      .map(
        (part) =>
          part
            .replace(/\btype\b/, "")
            .trim()
            .split(/\s+as\s+/)[0] as string,
      )
      .filter((name) => name !== "");
    return reached(target(address as string), new Set(originals), seen);
  });
  return [...own, ...all, ...some];
}

describe("the reference", () => {
  it("has a comment for every export of the library", () => {
    const entries = ["index.ts", "testing/index.ts"].map((file) => join(root, file));
    const found = entries.flatMap((file) => reached(file));
    expect(found.length).toBeGreaterThan(400);
    const missing = found.filter(([, , documented]) => !documented).map(([file, name]) => `${file}: ${name}`);
    expect(
      missing.map((line) =>
        line
          .slice(root.length + 1)
          .split(sep)
          .join("/"),
      ),
    ).toEqual([]);
  });

  const folder = fileURLToPath(new URL("../../dist/site/reference/classes", import.meta.url));
  it.skipIf(!existsSync(folder))("has a page for every class, where the site was built", () => {
    const pages = new Set(readdirSync(folder).map((file) => /(\w+)\.html$/.exec(file)?.[1]));
    const entry = join(root, "index.ts");
    const classes = reached(entry).filter(([file, name]) =>
      new RegExp(`^export (?:abstract )?class ${name}\\b`, "m").test(readFileSync(file, "utf8")),
    );
    expect(classes.map(([, name]) => name).filter((name) => !pages.has(name))).toEqual([]);
  });
});
