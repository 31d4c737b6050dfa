import { availableParallelism } from "node:os";
import { env } from "node:process";

/** The number of threads that can compute at once: the processors, or as many as `RAYON_NUM_THREADS` says. */
export function processors(): number {
  const said = Number(env["RAYON_NUM_THREADS"] ?? 0);
  return Number.isInteger(said) && said > 0 ? said : availableParallelism();
}
