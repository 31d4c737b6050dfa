// `npm run evidence -- denoise`: `adjoint denoise` with its defaults against BM3D and non-local means.
//
// Each row is a picture of scikit-image with noise, as an 8-bit file: Python makes the files (scikit-image) and
// runs the peers (bm3d 4.0.3, scikit-image), each with its level estimated from the file. ADJOINT_PYTHON names the
// interpreter.
//
//   --quality fast,normal   which qualities are measured (default: fast, normal)
//   --rows camera,cell      only rows whose name contains one of these
//   --work FOLDER           keeps the files there, and takes the peers' results from there if they exist
//   --no-build              uses dist/ as it is
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { root } from "../common.mjs";

const { values } = parseArgs({
  options: {
    quality: { type: "string", default: "fast,normal" },
    rows: { type: "string", default: "" },
    work: { type: "string" },
    "no-build": { type: "boolean" },
  },
});
const python = process.env.ADJOINT_PYTHON ?? "python3";
const program = join(root, "scripts", "evidence", "denoise.py");
const command = join(root, "dist", "cli", "main.js");
const qualities = values.quality.split(",");
const wanted = values.rows.split(",");

const rows = JSON.parse(readFileSync(join(root, "scripts", "evidence", "denoise-rows.json"), "utf8"))
  .map((row) => ({ ...row, id: `${row.picture}-${row.noise}-${row.level}` }))
  .filter(({ id }) => wanted.some((part) => id.includes(part)));

const work = values.work ?? mkdtempSync(join(tmpdir(), "evidence-denoise-"));
mkdirSync(work, { recursive: true });
const table = join(work, "rows.json");
writeFileSync(table, JSON.stringify(rows));

/** Runs the Python program; its lines of JSON. */
function runPython(task) {
  const { status, stdout, stderr } = spawnSync(python, [program, task, work, table], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${python} ${program} ${task}: ${stderr}`);
  return stdout
    .trim()
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

/** Runs a program; its result and the seconds of processor time that it took, which other programs do not change. */
function runTimed(words) {
  const timed = ["-c", "TIMEFORMAT='cpu %U %S'; time \"$@\"", "bash", ...words];
  const result = spawnSync("bash", timed, { encoding: "utf8" });
  const [, user, system] = result.stderr.match(/cpu ([\d.]+) ([\d.]+)\s*$/) ?? [];
  return { ...result, seconds: Number(user) + Number(system) };
}

async function psnr(one, other) {
  const [a, b] = await Promise.all([one, other].map((file) => sharp(file).raw().toBuffer()));
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return -10 * Math.log10(sum / a.length / 255 ** 2);
}

const peersFile = join(work, "peers.json");
if (!rows.every(({ id }) => existsSync(join(work, `${id}-noisy.png`)))) runPython("pictures");
const known = existsSync(peersFile) ? JSON.parse(readFileSync(peersFile, "utf8")) : [];
if (!rows.every(({ id }) => known.some((each) => each.id === id))) {
  known.push(...runPython("peers"));
  writeFileSync(peersFile, JSON.stringify(known));
}

const results = [];
for (const row of rows) {
  const peers = known.find(({ id }) => id === row.id);
  const [clean, noisy] = [join(work, `${row.id}-clean.png`), join(work, `${row.id}-noisy.png`)];
  const ours = {};
  for (const quality of qualities) {
    const output = join(work, `${row.id}-${quality}.png`);
    const options = ["denoise", noisy, "-o", output, "--quality", quality, "--json"];
    if (row.noise !== "gaussian") options.push("--noise", row.noise);
    const { status, stdout, stderr, seconds } = runTimed([process.execPath, command, ...options]);
    if (status !== 0 && !existsSync(output)) throw new Error(`${options.join(" ")}: ${stderr}`);
    const { level } = JSON.parse(stdout);
    ours[quality] = { psnr: await psnr(output, clean), seconds, level };
    process.stderr.write(`${row.id} ${quality}: ${ours[quality].psnr.toFixed(2)} dB, ${seconds.toFixed(1)} s\n`);
  }
  results.push({ ...row, ...peers, ours });
}

/** The better of BM3D on the file and, for counts, on its square root. */
const bestBm3d = ({ bm3d, anscombe }) => (anscombe && anscombe.psnr > bm3d.psnr ? anscombe : bm3d);
const db = (value) => value.toFixed(1);
const time = (value) => (value < 10 ? value.toFixed(1) : value.toFixed(0));
const cell = (result) => (result ? `${db(result.psnr)} (${time(result.seconds)} s)` : "-");
const mean = (list) => list.reduce((a, b) => a + b, 0) / list.length;

const head = ["picture", "noise", "given", "non-local means", "BM3D", ...qualities.map((quality) => `\`${quality}\``)];
const lines = results.map((row) =>
  [
    row.picture,
    `${row.noise} ${row.level}`,
    db(row.noisy),
    cell(row.nlm),
    cell(row.bm3d) + (row.anscombe ? `; of the root ${cell(row.anscombe)}` : ""),
    ...qualities.map((quality) => cell(row.ours[quality])),
  ].join(" | "),
);
const compared = results.filter(({ bm3d }) => bm3d);
const verdicts = qualities.map((quality) => {
  const gains = compared.map((row) => row.ours[quality].psnr - bestBm3d(row).psnr);
  const wins = gains.filter((gain) => gain > 0).length;
  const slower = compared.filter((row) => row.ours[quality].seconds > row.bm3d.seconds).length;
  return (
    `- \`${quality}\`: ${mean(gains) >= 0 ? "+" : ""}${mean(gains).toFixed(2)} dB against BM3D on average, better on ` +
    `${wins} of ${gains.length} rows, slower on ${slower}.`
  );
});
const day = new Date().toISOString().slice(0, 10);
const text = `# Evidence: denoising

Made by \`npm run evidence -- denoise\`. Each row is a picture of scikit-image with noise, stored as an 8-bit file. PSNR
in dB, in parentheses the seconds of processor time of one run, on all cores together. \`adjoint denoise\` is run as a
command, the start of the program included, with its defaults but for \`--quality\` and, for counts, \`--noise\`; BM3D
(\`bm3d\` 4.0.3) and non-local means (scikit-image) get the level that scikit-image estimates. For counts BM3D is also
run on the square root of the picture (Anscombe's transform), with the true gain; the comparison is with the better of
the two. No picture of the table was used to train the network that denoising starts from, see
[denoising-network.md](denoising-network.md). That it works on three scales, and how these are joined, was decided on
eleven of these pictures with other noise; on seven others it changed the result by -0.01 to +0.12 dB. The numbers of
the search for similar patches were chosen on four other pictures, and on the rows brick 0.1 and camera 0.05; how what
was clipped is drawn anew for it, on another one and on the rows camera 0.3 and coffee 0.2.

| ${head.join(" | ")} |
| ${head.map(() => "---").join(" | ")} |
${lines.map((line) => `| ${line} |`).join("\n")}

${verdicts.join("\n")}

Machine: ${cpus()[0]?.model.trim()}, ${cpus().length} cores, other programs were running; ${day}.
`;
process.stdout.write(text);
if (values.rows === "") writeFileSync(join(root, "docs", "evidence-denoise.md"), text);
