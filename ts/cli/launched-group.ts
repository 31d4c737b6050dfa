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

/** Whether each file is one rank's, which writes it too; where there are fewer files than ranks, they share pages. */
export function fileByFile(group: Group | undefined, files: number): group is Group {
  return group !== undefined && files >= group.size;
}

/** What all ranks made of files, given with the number of the file: plain data, in the order of the files. */
export async function ofAllFiles<T>(group: Group | undefined, own: readonly (readonly [number, T])[]): Promise<T[]> {
  const all = (await group?.allGather(new TextEncoder().encode(JSON.stringify(own)))) ?? [];
  const gathered = all.flatMap((bytes) => JSON.parse(new TextDecoder().decode(bytes)) as [number, T][]);
  const results = group ? gathered.sort(([a], [b]) => a - b) : own;
  return results.map(([, result]) => result);
}
