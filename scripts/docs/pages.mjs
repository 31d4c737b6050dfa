// The pages of the site, made of the documents of the repository: each text has one source.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, posix, sep } from "node:path";
import { root } from "../common.mjs";
import { lossData } from "../loss-table.mjs";
import { examples, galleryPage } from "./gallery.mjs";

/** Documents outside of docs/, and the pages that they are. */
const elsewhere = new Map([
  ["README.md", "readme"],
  ["CONTRIBUTING.md", "contributing"],
  ["CHANGELOG.md", "changelog"],
  ["bench/README.md", "benchmarks"],
  ["examples/README.md", "examples"],
  ["examples/web/README.md", "page"],
  ["examples/configurations/README.md", "configurations"],
]);

/** Every document with its page: from the path in the repository to the name of the page. */
export function documents() {
  const found = new Map(elsewhere);
  for (const file of readdirSync(join(root, "docs"), { recursive: true })) {
    const path = file.split(sep).join("/");
    if (!path.endsWith(".md") || path.startsWith("site/")) continue;
    found.set(`docs/${path}`, path === "README.md" ? "documents" : path.slice(0, -3));
  }
  for (const path of found.keys()) if (!existsSync(join(root, path))) found.delete(path);
  return found;
}

/** The pages of the reference by the names of what they describe. */
export function referenceIndex(folder) {
  const found = new Map();
  for (const kind of ["classes", "functions"])
    for (const file of readdirSync(join(folder, kind))) {
      const [, name] = /(\w+)\.html$/.exec(file) ?? [];
      if (name && !found.has(name)) found.set(name, `/reference/${kind}/${file}`);
    }
  return found;
}

/** A document with the links of the site. A link to a file that is no page becomes its text, or its class's page. */
function withLinks(text, path, pages, classes) {
  return text.replace(/(!?)\[((?:[^\][]|\[[^\]]*\])*)\]\(([^)\s]+)\)/g, (whole, image, label, target) => {
    if (/^(?:[a-z]+:|#)/.test(target)) return whole;
    const [file, hash] = target.split("#");
    const found = posix.normalize(posix.join(posix.dirname(path), file));
    if (image) return `![${label}](/${found.replace(/^docs\//, "")})`;
    const page = pages.get(found) ?? pages.get(`${found.replace(/\/$/, "")}/README.md`);
    if (page !== undefined) return `[${label}](/${page}${hash ? `#${hash}` : ""})`;
    const [, name] = /(\w+)`?$/.exec(label) ?? [];
    if (found.startsWith("ts/") && classes.has(name)) return `[${label}](${classes.get(name)})`;
    return label;
  });
}

/** A document with tables of many columns takes the whole width of the page. */
const withWidth = (text) =>
  /^\|(?: ?-+ ?\|){5,}$/m.test(text) ? `---\naside: false\npageClass: wide-page\n---\n\n${text}` : text;

/** Writes a file below a folder, with the folders that it needs. */
function write(folder, path, content) {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

/** Folders that Python programs of the documents write, and where the repository has what they wrote. */
const writtenByPython = new Map([["results/python", "test/docs/fixtures/python"]]);

/** Files that programs of the documents name, which the playground gives them, and where the repository has each. */
function sampleFiles(texts) {
  const found = new Map();
  for (const [folder, kept] of [["examples/images", "examples/images"], ...writtenByPython])
    for (const file of readdirSync(join(root, kept))) found.set(`${folder}/${file}`, `${kept}/${file}`);
  for (const text of texts)
    for (const [, path] of text.matchAll(/"((?:test|examples)\/[\w./-]+\.\w+)"/g))
      if (existsSync(join(root, path))) found.set(path, path);
  return [...found].filter(([path]) => !path.endsWith(".md")).sort();
}

/** The programs of the documents, in the order in which the playground offers them. */
export function programs() {
  const first = ["docs/first-training.md", "docs/recipes/"];
  const rank = (path) => (first.findIndex((start) => path.startsWith(start)) + first.length + 1) % (first.length + 1);
  const found = [];
  for (const [path, page] of [...documents()].sort(([a], [b]) => rank(a) - rank(b))) {
    const text = readFileSync(join(root, path), "utf8");
    for (const { 1: code, index } of text.matchAll(/^```(?:ts|js)\n([\s\S]*?)^```/gm)) {
      if (!/^import .* from "adjoint"/m.test(code)) continue;
      const above = [...text.slice(0, index).matchAll(/^#+ (.*)$/gm)].map(([, title]) => title);
      const title = [...new Set([above[0], above.at(-1)])].join(": ");
      found.push({ page, title, code });
    }
  }
  return [...found, ...examples().map(({ title, code }) => ({ page: "gallery", title: `Gallery: ${title}`, code }))];
}

/** Makes the folder that VitePress builds: documents, reference, data of the components, public files. */
export async function preparePages({ source, reference }) {
  rmSync(source, { recursive: true, force: true });
  cpSync(join(root, "docs", "site", "pages"), source, { recursive: true });
  const [pages, classes] = [documents(), referenceIndex(reference)];
  const texts = new Map([...pages.keys()].map((path) => [path, readFileSync(join(root, path), "utf8")]));
  for (const [path, page] of pages) {
    const text = withWidth(withLinks(texts.get(path), path, pages, classes));
    write(source, `${page}.md`, text.replaceAll("/bench/plots/", "/plots/"));
  }
  write(source, "gallery.md", galleryPage());
  cpSync(join(root, "bench", "plots"), join(source, "public", "plots"), { recursive: true });
  for (const folder of [join(root, "docs", "images"), join(root, "docs", "site", "images")])
    cpSync(folder, join(source, "public", "images"), { recursive: true });
  const files = sampleFiles(texts.values());
  for (const [path, kept] of files) {
    mkdirSync(join(source, "public", "files", dirname(path)), { recursive: true });
    cpSync(join(root, kept), join(source, "public", "files", path));
  }
  write(source, "public/files/list.json", JSON.stringify(files.map(([path]) => path)));
  const losses = await lossData();
  for (const entry of losses.losses) entry.page = classes.get(entry.name) ?? "/losses";
  write(source, "losses.json", JSON.stringify(losses));
  write(source, "programs.json", JSON.stringify(programs()));
}
