// A training step of two ranks with gradients that cross the network after or during the backward pass, over MPI with
// an artificial latency and bandwidth (0: that of the machine): RAYON_NUM_THREADS=1 mpirun -n 2 node bench/overlap.mjs
// [--latency S] [--bandwidth B] [--batches N] [--steps N] [--rounds N]
import { parseArgs } from "node:util";
import { init } from "../dist/index.js";
import { MessageGroup } from "../dist/distributed/message-group.js";
import { joinMpi } from "../dist/runtime/node/mpi.js";
import { stepSeconds } from "./group-training.mjs";
import { markdown, milliseconds } from "./report.mjs";

const text = (value) => ({ type: "string", default: value });
const { values } = parseArgs({
  options: {
    latency: text("1e-3"),
    bandwidth: text("1.25e8"),
    batches: text("2"),
    steps: text("30"),
    rounds: text("3"),
  },
});
const { latency, bandwidth, batches, steps, rounds } = Object.fromEntries(
  Object.entries(values).map(([name, value]) => [name, Number(value)]),
);

await init();
const mpi = joinMpi();
/** Seconds by a clock that both processes have. */
const now = () => (performance.timeOrigin + performance.now()) / 1000;

const direct = {
  rank: mpi.rank,
  size: mpi.size,
  send: (to, bytes) => mpi.send(to, bytes),
  receive: (from) => mpi.receive(from),
  abort: (why) => mpi.abort(why),
  close() {},
};

/** Sends before each message when it would arrive; who receives it waits until then, and computes meanwhile. */
function delayed() {
  let free = 0;
  let before = Promise.resolve();
  const one = async (head, body) => {
    const [time, bytes] = await Promise.all([head, body]);
    const arrival = new Float64Array(Uint8Array.from(time).buffer)[0];
    // Timers are exact to about a millisecond.
    if (arrival - now() > 1.5e-3) await new Promise((resolve) => setTimeout(resolve, 1000 * (arrival - now()) - 1));
    while (now() < arrival) await new Promise((resolve) => setImmediate(resolve));
    return bytes;
  };
  return {
    ...direct,
    async send(to, bytes) {
      free = Math.max(free, now()) + bytes.length / bandwidth;
      const time = new Uint8Array(new Float64Array([free + latency]).buffer);
      await Promise.all([mpi.send(to, time), mpi.send(to, bytes)]);
    },
    receive(from) {
      const [head, body] = [mpi.receive(from), mpi.receive(from)];
      before = before.then(() => one(head, body));
      return before;
    },
  };
}

/** Seconds of the steps of a training, the least first. */
async function sortedSeconds(overlap) {
  const group = new MessageGroup(bandwidth > 0 ? delayed() : direct, { timeout: 600, overlap });
  return (await stepSeconds(group, { batches, steps })).sort((a, b) => a - b);
}

const rows = [];
for (let round = 0; round < rounds; round++) {
  const row = { round };
  for (const overlap of round % 2 === 0 ? [false, true] : [true, false]) {
    const sorted = await sortedSeconds(overlap);
    row[overlap] = `${milliseconds(sorted[0] ?? 0)}, ${milliseconds(sorted[sorted.length >> 1] ?? 0)}`;
  }
  rows.push([round + 1, row.false, row.true]);
}
if (mpi.rank === 0)
  process.stdout.write(`${markdown(["round", "after the backward pass: least, median", "during it"], rows)}\n`);
