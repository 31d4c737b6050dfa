// This library as a peer: see peer.mjs. The environment chooses kernels (ADJOINT_CONV) and threads (RAYON_NUM_THREADS).
import { createInterface } from "node:readline";
import { cases, time } from "./cases.mjs";

console.log(JSON.stringify({ cases: Object.keys(cases) }));
for await (const line of createInterface({ input: process.stdin })) {
  const [name, steps] = line.split(" ");
  console.log(await time(name, Number(steps)));
}
