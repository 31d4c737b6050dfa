// A library in a process of its own: see peer.mjs. Arguments: its file in peers/, its options as JSON. The environment
// selects the add-on's kernels (ADJOINT_CONV) and threads (RAYON_NUM_THREADS).
import { createInterface } from "node:readline";
import { side } from "./side.mjs";

const [library, options = "{}"] = process.argv.slice(2);
const { open } = await import(`./peers/${library}.mjs`);
const { about, time, kernels, check } = side(await open(JSON.parse(options)));
console.log(JSON.stringify(about));
for await (const line of createInterface({ input: process.stdin })) {
  const [name, argument] = line.split(" ");
  const answers = { check, kernels: () => kernels(argument) };
  console.log(JSON.stringify(await (answers[name] ?? (() => time(name, Number(argument))))()));
}
