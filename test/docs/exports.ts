import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Something that a program can import. */
export interface Export {
  readonly file: string;
  /** Its name where it is defined. */
  readonly name: string;
  /** Its name where it is exported. */
  readonly as: string;
  /** Whether a comment stands above it. */
  readonly documented: boolean;
}

/** What a file defines and exports: name, and whether a comment stands above. */
function definitions(text: string): Map<string, boolean> {
  const found = new Map<string, boolean>();
  const kinds = "class|function\\*?|const|let|interface|type";
  const pattern = new RegExp(`(\\*/\\n(?://.*\\n)*)?^export (?:(?:abstract|async) )?(?:${kinds}) (\\w+)`, "gm");
  // Of overloads the first has the comment.
  for (const [, comment, name] of text.matchAll(pattern))
    found.set(name as string, (found.get(name as string) ?? false) || comment !== undefined);
  return found;
}

/**
 * The names in the braces of `export { a, type B, c as d } from`: where they come from, and what they are called here.
 */
function listed(list: string): { readonly name: string; readonly as: string }[] {
  const parts = list.split(",").map((part) => part.replace(/\btype\b/, "").trim());
  return parts
    .filter((part) => part !== "")
    .map((part) => {
      const [name = "", as = name] = part.split(/\s+as\s+/);
      return { name, as };
    });
}

/** What a program can import from a file, followed to the files that define it. */
export function exportsOf(file: string): Export[] {
  const text = readFileSync(file, "utf8");
  const target = (address: string): string => join(dirname(file), address.replace(/\.js$/, ".ts"));
  const own = [...definitions(text)].map(([name, documented]) => ({ file, name, as: name, documented }));
  const all = [...text.matchAll(/^export \*(?: as \w+)? from "(\.[^"]+)"/gm)].flatMap(([, address]) =>
    exportsOf(target(address as string)),
  );
  const some = [...text.matchAll(/^export (?:type )?\{([^}]*)\} from "(\.[^"]+)"/gm)].flatMap(([, list, address]) => {
    const there = exportsOf(target(address as string));
    return listed(list as string).flatMap(({ name, as }) =>
      there.filter((each) => each.as === name).map((each) => ({ ...each, as })),
    );
  });
  return [...own, ...all, ...some];
}
