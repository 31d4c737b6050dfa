import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const site = fileURLToPath(new URL("../../dist/site", import.meta.url));
const base = process.env["ADJOINT_SITE_BASE"] ?? "/";
const pages = readdirSync(site, { recursive: true, encoding: "utf8" })
  .map((file) => file.split(sep).join("/"))
  .filter((file) => file.endsWith(".html"));

const html = new Map(pages.map((page) => [page, readFileSync(join(site, page), "utf8")]));
const ids = new Map(
  [...html].map(([page, text]) => [page, new Set([...text.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id as string))]),
);

/** What is wrong with a link of a page, if anything. */
function fault(page: string, link: string): string | undefined {
  const [address = "", anchor = ""] = link.replaceAll("&amp;", "&").split("#");
  const [path = ""] = address.split("?");
  if (path.startsWith("/") && !path.startsWith(base)) return "outside of the site";
  const relative = path.startsWith("/") ? path.slice(base.length) : posix.join(posix.dirname(page), path);
  const target = path === "" ? page : decodeURIComponent(posix.normalize(relative));
  const file = target === "." || target.endsWith("/") ? posix.join(target, "index.html") : target;
  if (!existsSync(join(site, file))) return "there is no such file";
  const known = ids.get(file);
  return anchor !== "" && known !== undefined && !known.has(decodeURIComponent(anchor)) ? "no such heading" : undefined;
}

it("every link, picture, script and style of the site is there", () => {
  expect(pages.length).toBeGreaterThan(300);
  const dead = new Set<string>();
  for (const [page, text] of html) {
    for (const [, link = ""] of text.matchAll(/\s(?:href|src)="([^"]+)"/g)) {
      if (/^(?:[a-z]+:|\/\/)/.test(link)) continue;
      const found = fault(page, link);
      if (found !== undefined) dead.add(`${page}: ${link}: ${found}`);
    }
  }
  expect([...dead]).toEqual([]);
});

it("no page needs a file of another server", () => {
  const outside = [...html].flatMap(([page, text]) =>
    [...text.matchAll(/<(?:script|img|link)\b[^>]*?\b(?:src|href)="(?:https?:)?\/\/[^"]*"/g)].map(
      ([tag]) => `${page}: ${tag}`,
    ),
  );
  expect(outside).toEqual([]);
});
