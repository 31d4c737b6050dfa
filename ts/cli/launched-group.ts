import { type Group, type GroupOptions, launchedProcesses, mpi } from "../distributed/index.js";

/** The processes that `mpirun` or `srun` has started, of which this is one; `undefined` where it is alone. */
export async function launchedGroup(options: GroupOptions = {}): Promise<Group | undefined> {
  return (await launchedProcesses()) > 1 ? await mpi(options) : undefined;
}

/** Seconds that ranks wait for the first one to learn: a day. */
export const WHILE_LEARNING = 86_400;

/** Whether this process prints, and writes what all have made together. */
export function isFirst(group: Group | undefined): boolean {
  return (group?.rank ?? 0) === 0;
}

/**
 * Calls `work` for files, one after another; returns what it gave, plain data, in the order of the files, on every
 * rank.
 *
 * Ranks take the files in turn, and `work` then gets no group. Where there are fewer files than ranks, all ranks work
 * on each file, and share it by the group that `work` gets; only the first one gives a result.
 */
export async function onEachFile<F, T>(
  group: Group | undefined,
  files: readonly F[],
  work: (file: F, index: number, sharing: Group | undefined) => Promise<T | undefined>,
): Promise<T[]> {
  const inTurn = group !== undefined && files.length >= group.size;
  const own: [number, T][] = [];
  for (const [i, file] of files.entries()) {
    if (inTurn && i % group.size !== group.rank) continue;
    const result = await work(file, i, inTurn ? undefined : group);
    if (result !== undefined) own.push([i, result]);
  }
  if (!group) return own.map(([, result]) => result);
  const all = await group.allGather(new TextEncoder().encode(JSON.stringify(own)));
  const gathered = all.flatMap((bytes) => JSON.parse(new TextDecoder().decode(bytes)) as [number, T][]);
  return gathered.sort(([a], [b]) => a - b).map(([, result]) => result);
}
