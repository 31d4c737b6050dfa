// The gallery: every example of examples/ with its result and a small version of its program, which runs in the page.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../common.mjs";

/** Steps of each training of a small version, which its picture shows: seconds to a minute in a browser. */
export const smallSteps = 40;

/** The results of the examples that give pictures. */
const pictures = join(root, "docs", "site", "images", "examples");

const NUMBER = /^\s*(.*) ([\d.]+)\s*$/;
const LIST = /^\s*(.*?) ([\d.]+[, ].*?)\s*$/;

/** The results that examples/README.md has: for each example its labels and numbers, in the order of the pictures. */
function results() {
  const text = readFileSync(join(root, "examples", "README.md"), "utf8");
  const rows = [...text.matchAll(/^\| `([\w-]+)` +\| [^|]* \| ([^|]*) \|$/gm)];
  return new Map(
    rows.map(([, name, numbers]) => [
      name,
      // A name, and its number or numbers.
      numbers.split(";").map((part) => (part.includes(",") ? LIST : NUMBER).exec(part).slice(1)),
    ]),
  );
}

/** The examples that have a row in the README: name, title, what it does, numbers, and the program with fewer steps. */
export function examples() {
  const numbers = results();
  const folder = join(root, "examples");
  const names = readdirSync(folder).filter((name) => numbers.has(name) && existsSync(join(folder, name, "main.mjs")));
  return names.map((name) => {
    const text = readFileSync(join(folder, name, "main.mjs"), "utf8");
    const [, comment, code] = /^((?:\/\/.*\n)+)([\s\S]*)$/.exec(text);
    const about = comment
      .split("\n//\n")[0]
      .replace(/^\/\/ ?/gm, "")
      .replaceAll("\n", " ");
    return {
      name,
      title: /\btitle: "(.*)"/.exec(code)[1],
      about,
      numbers: numbers.get(name),
      code: code.replace(/\bsteps: \d+/, `steps: ${smallSteps}`),
    };
  });
}

/** The page, in Markdown. */
export function galleryPage() {
  const sections = examples().map(({ name, title, about, numbers, code }) => {
    const order = [...numbers.map(([label]) => label), "ground truth"].join(", ");
    return [
      `## ${title}`,
      about,
      ...(existsSync(join(pictures, `${name}.webp`))
        ? [`![From left to right: ${order}](/images/examples/${name}.webp)`]
        : []),
      `After ${smallSteps} steps, from left to right: ${order}. With all steps (\`npm run example -- ${name}\`):`,
      `| ${numbers.map(([label]) => label).join(" | ")} |\n| ${numbers.map(() => "---").join(" | ")} |\n` +
        `| ${numbers.map(([, value]) => `${value} dB`).join(" | ")} |`,
      `\`\`\`js folded\n${code}\`\`\``,
    ].join("\n\n");
  });
  return [
    "# Gallery",
    "What the examples make of pictures that they were not trained on: " +
      `after ${smallSteps} steps, which Run takes in your browser, and, as a mean PSNR, after all of their steps, ` +
      "some hundreds. Open a program to change it.",
    ...sections,
    "[All examples](/examples) has what these numbers mean.",
    "",
  ].join("\n\n");
}
