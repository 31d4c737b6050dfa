// What each rank of the part `group` runs: node group-program.mjs messages | training <batches of a step>. The first
// rank prints JSON.
import { distributed, init } from "../dist/index.js";
import { joinMpi } from "../dist/runtime/node/mpi.js";
import { STEPS } from "./group.mjs";
import { stepSeconds } from "./group-training.mjs";

await init();
const group = await distributed.mpi();

/** Seconds of some work, which all ranks begin together. */
async function timed(work) {
  await group.barrier();
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

/** Seconds of an all-reduce, and of a message from one rank to the other by the same library, for some sizes. */
async function messages() {
  const mpi = joinMpi();
  const rows = [];
  for (const bytes of [4, 2 ** 16, 2 ** 20, 2 ** 22, 2 ** 24]) {
    const count = bytes > 2 ** 21 ? 20 : 100;
    const values = new Float32Array(bytes / 4);
    const content = new Uint8Array(values.buffer);
    const allReduce = async () => await group.allReduce(values);
    // Half of the time there and back.
    const pingPong = async () => {
      if (group.rank === 0) await mpi.send(1, content);
      await mpi.receive(1 - group.rank);
      if (group.rank === 1) await mpi.send(0, content);
    };
    const fastest = { allReduce: Infinity, message: Infinity };
    for (let i = 0; i < count; i++) {
      fastest.allReduce = Math.min(fastest.allReduce, await timed(allReduce));
      fastest.message = Math.min(fastest.message, (await timed(pingPong)) / 2);
    }
    rows.push({ bytes, ...fastest });
  }
  return rows;
}

/** A training of the steps that the part times. */
const training = async (batches) => ({ seconds: await stepSeconds(group, { batches, steps: STEPS }) });

const result = process.argv[2] === "training" ? await training(Number(process.argv[3])) : await messages();
if (group.rank === 0) process.stdout.write(`${JSON.stringify(result)}\n`);
