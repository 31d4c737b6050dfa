import { ArgumentError, currentPlatform, type Mpi } from "../runtime/index.js";
import type { Group } from "./group.js";
import { MessageGroup } from "./message-group.js";
import { checkedOptions, type GroupOptions } from "./options.js";
import type { Transport } from "./transport.js";

/** Bytes of a message of MPI, which counts them in 32 bits. A message of so many is followed by another one. */
const LONGEST = 2 ** 30;

class MpiTransport implements Transport {
  readonly rank: number;
  readonly size: number;
  readonly #mpi: Mpi;

  constructor(mpi: Mpi) {
    [this.rank, this.size] = [mpi.rank, mpi.size];
    this.#mpi = mpi;
  }

  async send(to: number, bytes: Uint8Array): Promise<void> {
    for (let begin = 0; begin <= bytes.length; begin += LONGEST)
      await this.#mpi.send(to, bytes.subarray(begin, begin + LONGEST));
  }

  async receive(from: number): Promise<Uint8Array> {
    const first = await this.#mpi.receive(from);
    if (first.length < LONGEST) return first;
    const rest = await this.receive(from);
    const whole = new Uint8Array(first.length + rest.length);
    whole.set(first);
    whole.set(rest, first.length);
    return whole;
  }

  abort(text: string): void {
    this.#mpi.abort(text);
  }

  /** The job is left when the process ends. */
  close(): void {}
}

/**
 * The group of the processes that `mpirun` or `srun --mpi=pmix` has started; of one rank where there is no launcher.
 * The add-on must have been built by `npm run build:mpi`. Node only.
 *
 * A process that ends with another exit code than 0 ends all others.
 *
 * @throws DeviceError `mpi_missing` where the add-on was not built, `mpi_load_failed` where the MPI library is missing.
 * ArgumentError `group_incomplete` where a launcher started several processes that MPI does not connect;
 * `invalid_argument` where their number is no power of two; `node_only`.
 */
export async function mpi(options: GroupOptions = {}): Promise<Group> {
  const checked = checkedOptions("distributed.mpi", options);
  const { joinMpi } = await currentPlatform();
  if (joinMpi) return new MessageGroup(new MpiTransport(joinMpi()), checked);
  throw new ArgumentError("distributed.mpi: a browser has no MPI; use distributed.local.", "node_only");
}

/**
 * The number of processes that a launcher such as `mpirun`, `srun` or `torchrun` says it has started; 1 without, and
 * infinite where it does not tell how many.
 */
export async function launchedProcesses(): Promise<number> {
  return (await currentPlatform()).launchedProcesses?.() ?? 1;
}
