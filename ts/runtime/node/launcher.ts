import { ArgumentError } from "../errors.js";

/** The variables of a process. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** What has started this process with others, by its variables. */
export interface Launcher {
  /** The processes that it has started; `undefined` where it does not tell. */
  readonly size: number | undefined;
  /** Which launcher it is, and by what it is recognised. */
  readonly name: string;
  /** Why MPI cannot connect the processes, if that is certain, and what to do; otherwise what may be wrong. */
  readonly advice: string;
  /** Whether it is certain. */
  readonly hopeless: boolean;
}

const START = "mpirun -n 4, or srun --mpi=pmix -n 4";
const OTHER_LIBRARY =
  "its MPI library is not the one that the add-on was built with; run npm run build:mpi with the mpicc of that " +
  "library (MPICC=/path/to/mpicc), or start with the mpirun of the other";

/** Launchers of MPI, and by which variable they tell the number of processes. */
const MPI_SIZES = [
  ["mpirun of OpenMPI", "OMPI_COMM_WORLD_SIZE"],
  ["mpirun of MVAPICH", "MV2_COMM_WORLD_SIZE"],
  ["mpirun of MPICH or Intel MPI", "PMI_SIZE"],
] as const;

/** Variables by which processes of MPI find each other. */
const CONNECTED = /^(?:PMIX_RANK|PMIX_NAMESPACE|PMI_\w+|PALS_\w+)$/;

/** The launcher of a process; `undefined` where it was started alone. */
export function launcherOf(variables: Variables): Launcher | undefined {
  const count = (name: string): number | undefined => {
    const value = Number(variables[name] ?? "");
    return Number.isInteger(value) && value > 1 ? value : undefined;
  };
  const connected = Object.keys(variables).some((name) => CONNECTED.test(name));
  for (const [name, variable] of MPI_SIZES) {
    const size = count(variable);
    if (size) return { size, name: `${name} (${variable} is ${size})`, advice: OTHER_LIBRARY, hopeless: false };
  }
  const tasks = count("SLURM_STEP_NUM_TASKS");
  if (tasks) {
    const name = `srun (SLURM_STEP_NUM_TASKS is ${tasks})`;
    return connected
      ? { size: tasks, name, advice: `${OTHER_LIBRARY}; srun --mpi=list shows what srun can connect`, hopeless: false }
      : {
          size: tasks,
          name,
          advice:
            "it set neither PMIX_RANK nor PMI_RANK, so that MPI cannot connect them; call srun --mpi=pmix (OpenMPI) " +
            "or --mpi=pmi2 (MPICH), of those that srun --mpi=list shows; for one process alone give srun -n 1",
          hopeless: true,
        };
  }
  // Without PMI_SIZE: prun, and srun for a job of one task.
  if (variables["PMIX_RANK"] !== undefined && variables["SLURM_STEP_NUM_TASKS"] === undefined)
    return { size: undefined, name: "a launcher of PMIx (PMIX_RANK is set)", advice: OTHER_LIBRARY, hopeless: false };
  const world = count("WORLD_SIZE");
  if (!world) return undefined;
  const master = variables["MASTER_ADDR"] === undefined ? "" : `, MASTER_ADDR ${variables["MASTER_ADDR"]}`;
  return {
    size: world,
    name: `torchrun, a PyTorchJob of Kubernetes or the like (WORLD_SIZE is ${world}${master})`,
    advice:
      `these start processes, but do not connect MPI; start the same command with ${START}, on Kubernetes as an ` +
      "MPIJob; to run one process alone, unset WORLD_SIZE",
    hopeless: true,
  };
}

/**
 * Refuses to train alone where a launcher has started several processes.
 *
 * @throws ArgumentError `group_incomplete`.
 */
export function refuseAlone({ size, name, advice }: Launcher): void {
  const count = size ?? "several";
  throw new ArgumentError(
    `distributed.mpi: ${count} processes were started by ${name}, but for MPI this one is alone: ${advice}.`,
    "group_incomplete",
  );
}
