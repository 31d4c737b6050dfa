/** Ranks that share the work of one training: threads of a process, or processes under MPI. */
export { checkGroup, type Group, type PartwiseSum } from "./group.js";
export { join, local, type Port, type Seat, seats } from "./local.js";
export { launchedProcesses, mpi } from "./mpi.js";
export type { GroupOptions } from "./options.js";
export { type Pieces, TreeSum } from "./tree-sum.js";
