// All-reduces over a network with an artificial latency and bandwidth, within one process:
// node bench/delayed-network.mjs [--latency S] [--bandwidth B] [--rounds N]
import { parseArgs } from "node:util";
import { pathToFileURL } from "node:url";
import { MessageGroup } from "../dist/distributed/message-group.js";
import { addTo } from "../dist/distributed/tree-sum.js";
import { markdown, milliseconds } from "./report.mjs";

const now = () => performance.now() / 1000;

/** The transports of n ranks, each of which sends one message at a time. */
function delayed(n, { latency, bandwidth }) {
  const inboxes = Array.from({ length: n * n }, () => ({ sent: [], messages: [], waiting: [] }));
  return Array.from({ length: n }, (_, rank) => {
    let free = 0;
    return {
      rank,
      size: n,
      async send(to, bytes) {
        free = Math.max(free, now()) + bytes.length / bandwidth;
        const { sent, messages, waiting } = inboxes[rank * n + to];
        sent.push(bytes.slice());
        // The next one, since timers of nearly the same time may change places.
        const arrive = () => (waiting.length > 0 ? waiting.shift()(sent.shift()) : messages.push(sent.shift()));
        setTimeout(arrive, 1000 * (free + latency - now()));
      },
      async receive(from) {
        const { messages, waiting } = inboxes[from * n + rank];
        return messages.length > 0 ? messages.shift() : await new Promise((resolve) => waiting.push(resolve));
      },
      abort() {},
      close() {},
    };
  });
}

/** Every rank sends the whole buffer in each round, then adds: recursive doubling without buckets. */
async function doubling({ rank, size, send, receive }, values) {
  for (let distance = 1; distance < size; distance *= 2) {
    const peer = rank ^ distance;
    const [other] = await Promise.all([receive(peer), send(peer, new Uint8Array(values.buffer))]);
    addTo(values, new Float32Array(other.buffer));
  }
}

/** The fastest of some all-reduces of `bytes` by n ranks, in seconds. */
async function fastest(n, bytes, network, rounds, reduce) {
  const transports = delayed(n, network);
  const buffers = transports.map(() => new Float32Array(bytes / 4));
  const reducers = transports.map(reduce);
  let best = Infinity;
  for (let round = 0; round < rounds; round++) {
    const started = now();
    await Promise.all(reducers.map(async (run, rank) => await run(buffers[rank])));
    best = Math.min(best, now() - started);
  }
  return best;
}

/** Rows of the time of an all-reduce: as one message a round, and as the groups of the package make it. */
export async function delayedRows(network, rounds = 5) {
  const rows = [];
  for (const n of [2, 4, 8]) {
    for (const bytes of [2 ** 21, 2 ** 24]) {
      const whole = await fastest(n, bytes, network, rounds, (transport) => (values) => doubling(transport, values));
      const buckets = await fastest(n, bytes, network, rounds, (transport) => {
        const group = new MessageGroup(transport, { timeout: 60, overlap: false });
        return (values) => group.allReduce(values);
      });
      rows.push([n, bytes, milliseconds(whole), milliseconds(buckets), (whole / buckets).toFixed(2)]);
    }
  }
  return rows;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { values } = parseArgs({
    options: {
      latency: { type: "string", default: "1e-3" },
      bandwidth: { type: "string", default: "1.25e8" },
      rounds: { type: "string", default: "5" },
    },
  });
  const network = { latency: Number(values.latency), bandwidth: Number(values.bandwidth) };
  const rows = await delayedRows(network, Number(values.rounds));
  const head = ["ranks", "bytes", "one message a round", "in buckets, halves from 4 ranks on", "times as fast"];
  process.stdout.write(`${markdown(head, rows)}\n`);
}
