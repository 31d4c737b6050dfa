import { spawn } from "node:child_process";
import { describe, expect, it } from "vitest";
import { launcherOf } from "../../ts/runtime/node/launcher.js";
import { compiled } from "../cli/compiled.js";

/** The variables that each launcher sets for the second of four processes. */
const LAUNCHED: Record<string, Record<string, string>> = {
  "mpirun of OpenMPI": { OMPI_COMM_WORLD_SIZE: "4", OMPI_COMM_WORLD_RANK: "1", PMIX_RANK: "1", PMIX_NAMESPACE: "1" },
  "mpirun of MPICH": { PMI_SIZE: "4", PMI_RANK: "1", PMI_FD: "7" },
  "srun --mpi=pmix": { SLURM_STEP_NUM_TASKS: "4", SLURM_PROCID: "1", PMIX_RANK: "1", PMIX_NAMESPACE: "slurm.pmix.1.0" },
  "srun --mpi=pmi2": { SLURM_STEP_NUM_TASKS: "4", SLURM_PROCID: "1", PMI_FD: "7", PMI_JOBID: "1.0" },
  "an MPIJob of Kubernetes": { OMPI_COMM_WORLD_SIZE: "4", KUBERNETES_SERVICE_HOST: "10.0.0.1" },
};

/** Those of launchers that do not connect MPI, and what the message has to say. */
const HOPELESS: [string, Record<string, string>, RegExp][] = [
  [
    "srun without --mpi",
    { SLURM_STEP_NUM_TASKS: "4", SLURM_PROCID: "1", SLURM_JOB_ID: "7" },
    /4 processes were started by srun \(SLURM_STEP_NUM_TASKS is 4\).*neither PMIX_RANK nor PMI_RANK.*srun --mpi=pmix/,
  ],
  [
    "torchrun",
    { RANK: "1", WORLD_SIZE: "4", LOCAL_RANK: "1", MASTER_ADDR: "node7", MASTER_PORT: "29500" },
    /4 processes were started by torchrun.*\(WORLD_SIZE is 4, MASTER_ADDR node7\).*mpirun -n 4.*unset WORLD_SIZE/,
  ],
  [
    "a PyTorchJob of Kubernetes",
    { RANK: "1", WORLD_SIZE: "4", KUBERNETES_SERVICE_HOST: "10.0.0.1" },
    /\(WORLD_SIZE is 4\).*on Kubernetes as an MPIJob/,
  ],
];

describe("the launcher of a process", () => {
  it.each(Object.entries(LAUNCHED))("%s is seen, and may be connected", (_, variables) => {
    expect(launcherOf(variables)).toMatchObject({ size: 4, hopeless: false });
  });

  it.each(HOPELESS)("%s is seen, and cannot be connected", (_, variables) => {
    expect(launcherOf(variables)).toMatchObject({ size: 4, hopeless: true });
  });

  it("that tells no number is one of several", () => {
    expect(launcherOf({ PMIX_RANK: "0" })).toMatchObject({ size: undefined, hopeless: false });
  });

  it("is none for one process, a batch script of Slurm and variables that are no numbers", () => {
    for (const variables of [
      {},
      { SLURM_NTASKS: "4", SLURM_JOB_ID: "7" },
      { SLURM_STEP_NUM_TASKS: "1", PMIX_RANK: "0" },
      { OMPI_COMM_WORLD_SIZE: "1" },
      { WORLD_SIZE: "1", RANK: "0" },
      { WORLD_SIZE: "all", MPI_HOME: "/opt/mpi" },
    ])
      expect(launcherOf(variables), JSON.stringify(variables)).toBeUndefined();
  });
});

describe("adjoint train", () => {
  it.each(HOPELESS)("under %s says what is missing instead of training alone", async (_, variables, text) => {
    const child = spawn(process.execPath, [compiled("cli/main.js"), "train", "none.json"], {
      env: { ...process.env, ...variables },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    expect(await new Promise((resolve) => child.on("close", resolve))).not.toBe(0);
    expect(stderr.replaceAll(/\s+/g, " ")).toMatch(text);
  });
});
