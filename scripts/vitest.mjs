// Runs vitest, and says what failed.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { root, run, say } from "./common.mjs";

/** If at most so many files fail, they are run once more. */
const MOST_REPEATED = 3;

/** Runs vitest; its report with its exit code, or undefined where it wrote none. */
async function report(tests, env) {
  const folder = mkdtempSync(join(tmpdir(), "adjoint-test-"));
  const file = join(folder, "report.json");
  try {
    const program = join(root, "node_modules", "vitest", "vitest.mjs");
    const code = await run(
      process.execPath,
      [program, "run", ...tests, "--reporter=default", "--reporter=json", `--outputFile.json=${file}`],
      // Mesa complains in every process without this folder.
      { env: { XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR ?? folder, ...env } },
    );
    return { code, files: JSON.parse(readFileSync(file, "utf8")).testResults };
  } catch (error) {
    process.stderr.write(`error: vitest wrote no report: ${error.message}\n`);
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const isFailed = ({ status }) => status === "failed";

/** The failed tests of files, or the files that could not be loaded, each with the first lines of its message. */
function failuresOf(files, title) {
  const short = (message) => stripVTControlCharacters(message).split("\n").slice(0, 12).join("\n    ");
  return files.filter(isFailed).flatMap(({ name, message, assertionResults }) => {
    const place = `${relative(root, name)} (${title})`;
    const failed = assertionResults.filter(isFailed);
    if (failed.length === 0) return [`${place}\n    ${short(message)}`];
    return failed.map((test) => `${place}: ${test.fullName}\n    ${short(test.failureMessages.join("\n"))}`);
  });
}

/**
 * Runs test files, all if none are named. `{ passed, failed, skipped, details }`; the details are texts.
 *
 * A few files that fail are run once more by themselves, since a busy machine makes some tests fail: a test that passes
 * then counts as passed, and its first failure stays in the details.
 */
export async function runVitest(title, tests, env) {
  const nothing = { passed: 0, failed: 1, skipped: 0, details: [`${title}: vitest wrote no report`] };
  const first = await report(tests, env);
  if (first === undefined) return nothing;
  let { code, files } = first;
  const details = failuresOf(files, title);
  const repeated = files.filter(isFailed).map(({ name }) => name);
  if (repeated.length > 0 && repeated.length <= MOST_REPEATED) {
    say(`${title}: what failed, once more`);
    const paths = repeated.map((name) => relative(root, name));
    const second = await report(paths, env);
    if (second === undefined) return nothing;
    code = second.code;
    files = files.map((file) => second.files.find(({ name }) => name === file.name) ?? file);
    details.splice(0, details.length, ...details.map((text) => `in the first of two tries: ${text}`));
    details.push(...failuresOf(second.files, title).map((text) => `in the second try: ${text}`));
  }
  const count = (...states) =>
    files.reduce((sum, file) => sum + file.assertionResults.filter(({ status }) => states.includes(status)).length, 0);
  // A file that could not be loaded counts as one failed test.
  const broken = files.filter((file) => isFailed(file) && !file.assertionResults.some(isFailed)).length;
  let failed = count("failed") + broken;
  if (failed === 0 && code !== 0) {
    failed = 1;
    details.push(`${title}: vitest ended with code ${code}: see its output`);
  }
  return { passed: count("passed"), failed, skipped: count("pending", "skipped", "todo"), details };
}
