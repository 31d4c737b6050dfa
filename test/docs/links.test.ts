import { existsSync, readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { documents } from "../../scripts/docs/pages.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A document without its programs. */
const textOf = (path: string): string => readFileSync(join(root, path), "utf8").replace(/^```[\s\S]*?^```/gm, "");

/** The anchors of a document's headings, by the rule of code hosts. */
function anchors(path: string): Set<string> {
  const found = new Set<string>();
  for (const [, heading = ""] of textOf(path).matchAll(/^#+ (.*)$/gm)) {
    const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const anchor = words.replace(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-");
    let unique = anchor;
    for (let i = 1; found.has(unique); i++) unique = `${anchor}-${i}`;
    found.add(unique);
  }
  return found;
}

describe("the documents", () => {
  const paths = [...documents().keys()];

  it("link to files and headings that exist", () => {
    expect(paths.length).toBeGreaterThan(30);
    const dead: string[] = [];
    for (const path of paths) {
      for (const [, link = ""] of textOf(path).matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(link)) continue;
        const [file = "", anchor] = link.split("#");
        const target = file === "" ? path : posix.normalize(posix.join(posix.dirname(path), file));
        const isDead =
          !existsSync(join(root, target)) ||
          (anchor !== undefined && !(statSync(join(root, target)).isFile() && anchors(target).has(anchor)));
        if (isDead) dead.push(`${path}: ${link}`);
      }
    }
    expect(dead).toEqual([]);
  });

  it("have no marks of a merge", () => {
    expect(paths.filter((path) => /^(?:<{7} |={7}$|>{7} )/m.test(readFileSync(join(root, path), "utf8")))).toEqual([]);
  });
});
