import { totalmem } from "node:os";

/** The memory of the machine, or of the container that the process runs in where that has less. */
export function totalMemory(): number {
  // 0, or more than there is, where there is no constraint; Node 20 releases before 20.5 lack the function.
  const constrained = process.constrainedMemory?.() ?? 0;
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}
