import { ArgumentError, checkNumber, checkObject } from "../runtime/index.js";
import type { Group } from "./group.js";
import { MessageGroup } from "./message-group.js";
import { checkedOptions, type GroupOptions } from "./options.js";
import { PortTransport } from "./port-transport.js";

/** A port of a `MessageChannel`, by the types of the DOM or of Node, whichever a program has. */
export type Port = typeof globalThis extends { MessagePort: { prototype: infer P } } ? P : object;

/** What a thread needs to be a rank: plain data, whose `ports` are transferred to it. */
export interface Seat {
  readonly rank: number;
  /** The ports to the other ranks, in their order. */
  readonly ports: Port[];
}

/** Ranks within one process are connected each with each. */
const MOST = 256;

/**
 * The seats of `n` ranks within this process, one for each thread; {@link join} makes a group of a seat.
 *
 * `new Worker(file, { workerData: seat, transferList: seat.ports })` passes one to a thread.
 *
 * @throws ArgumentError `invalid_argument` where n is no power of two, or more than 256.
 */
export function seats(n: number): Seat[] {
  checkNumber("distributed.seats", "n", n, { positive: true, integer: true, max: MOST });
  const made = Array.from({ length: n }, (_, rank): Seat => ({ rank, ports: [] }));
  for (const low of made) {
    for (const high of made.slice(low.rank + 1)) {
      const { port1, port2 } = new MessageChannel();
      low.ports.push(port1);
      high.ports.push(port2);
    }
  }
  return made;
}

/**
 * The group of a thread, by its seat.
 *
 * @throws ArgumentError `invalid_argument`.
 */
export function join(seat: Seat, options: GroupOptions = {}): Group {
  const checked = checkedOptions("distributed.join", options);
  checkObject("distributed.join", "seat", seat);
  const { rank, ports } = seat;
  if (!Array.isArray(ports) || !ports.every((port) => port instanceof MessagePort)) {
    throw new ArgumentError(
      "distributed.join: seat.ports are no ports; pass the seat as { workerData: seat, transferList: seat.ports }.",
      "invalid_argument",
    );
  }
  checkNumber("distributed.join", "seat.rank", rank, { integer: true, min: 0, max: ports.length });
  const peers = ports.map((port, i) => [i < rank ? i : i + 1, port] as const);
  return new MessageGroup(new PortTransport(rank, new Map(peers)), checked);
}

/**
 * Groups of `n` ranks within one thread, whose trainings run in turn: for tests. For threads of their own see
 * {@link seats}.
 *
 * @throws ArgumentError `invalid_argument` where n is no power of two, or more than 256.
 */
export function local(n: number, options: GroupOptions = {}): Group[] {
  checkedOptions("distributed.local", options);
  return seats(n).map((seat) => join(seat, options));
}
