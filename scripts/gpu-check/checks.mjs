// A child of `npm run gpu-check`: runs device tests. Arguments: the device, a folder of reference cases or nothing, and
// "software" where it is one in software. Its first line has the names of the tests; it answers a line with a name with
// what is wrong, or null, and the line `counts` with what operators take on the device, or null.
import { createInterface } from "node:readline";

const [device, folder, kind] = process.argv.slice(2);
const { checksOf, counts, init } = await import("../../dist/gpu-check/checks.mjs");
await init({ device });
const checks = new Map(checksOf(folder || undefined, kind === "software").map(({ name, run }) => [name, run]));
console.log(JSON.stringify({ names: [...checks.keys()] }));
for await (const name of createInterface({ input: process.stdin })) {
  if (name === "counts") {
    console.log(JSON.stringify(counts()));
    continue;
  }
  let wrong = null;
  try {
    await init({ device });
    await checks.get(name)();
  } catch (error) {
    wrong = error instanceof Error ? error.message : String(error);
  }
  console.log(JSON.stringify(wrong));
}
