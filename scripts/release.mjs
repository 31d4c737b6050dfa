// `npm run release -- [VERSION] [--dry-run] [--test]`: checks that everything is ready, sets the version in all
// package files, makes the tarballs and checks them as bundlers and compilers of users read them. Publishing is left
// to .github/workflows/release.yml, which has the packages of all platforms. `--dry-run` leaves the files as they
// are; `--test` also runs npm test.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildTs } from "./build.mjs";
import { Failure, main, must, output, root, say } from "./common.mjs";
import { lint } from "./lint.mjs";
import { pack } from "./pack.mjs";

/** The files that name the version, and the pattern around it. */
const versioned = [
  ["package.json", /^( {2}"version": ")([^"]+)(")/m],
  ["package-lock.json", /^( {2}"version": ")([^"]+)(")/m],
  ["package-lock.json", /^( {4}"": \{\n(?: {6}.*\n)*? {6}"version": ")([^"]+)(")/m],
  ["examples/templates/node/package.json", /("adjoint": "\^)([^"]+)(")/],
  ["examples/templates/vite/package.json", /("adjoint": "\^)([^"]+)(")/],
];

/** The text of a file with another version, and the version that it had. */
function withVersion(text, pattern, version, path) {
  const [, , before] = pattern.exec(text) ?? [];
  if (before === undefined) throw new Failure(`release: ${path} names no version.`);
  return { before, text: text.replace(pattern, `$1${version}$3`) };
}

/** What reads a packed library as Node, bundlers and TypeScript do; it has no CommonJS. */
const readers = [
  ["publint", "--strict"],
  ["@arethetypeswrong/cli@0.18.5", "--profile", "esm-only", "--quiet"],
];

/** The section of a version in the changelog. */
function notes(version) {
  const text = readFileSync(join(root, "CHANGELOG.md"), "utf8");
  const section = text.split(/^## /m).find((part) => part.startsWith(`[${version}]`));
  if (section === undefined) throw new Failure(`release: CHANGELOG.md has no section [${version}].`);
  return section;
}

await main(async () => {
  const dry = process.argv.includes("--dry-run");
  const current = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version;
  const version = process.argv.slice(2).find((argument) => !argument.startsWith("--")) ?? current;
  if (!/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version)) throw new Failure(`release: ${version} is no semantic version.`);
  const changed = output("git", ["status", "--porcelain"]);
  if (changed && !dry) throw new Failure(`release: commit first:\n${changed}`);
  if (changed) say(`not committed, which a release would refuse:\n${changed}`);
  say(`notes of ${version}`);
  process.stdout.write(`## ${notes(version)}`);
  await lint({ quick: true });
  if (process.argv.includes("--test")) await must("npm", ["test"]);
  for (const [path, pattern] of versioned) {
    const file = join(root, path);
    const { before, text } = withVersion(readFileSync(file, "utf8"), pattern, version, path);
    say(`${path}: ${before} -> ${version}${dry ? " (not written)" : ""}`);
    if (!dry) writeFileSync(file, text);
  }
  await buildTs();
  const [library, ...addOns] = await pack();
  for (const name of [library, ...addOns]) say(`dist/packages/${name}`);
  const npx = process.platform === "win32" ? "npx.cmd" : "npx";
  for (const [reader, ...options] of readers)
    await must(npx, ["--yes", reader, join(root, "dist", "packages", library), ...options]);
  say(
    dry
      ? "dry run: nothing was changed, nothing is published"
      : `next: git commit, git tag v${version}, git push --tags`,
  );
});
