// `npm run build:mpi`: the add-on for MPI, dist/native/adjoint-mpi.node. Needs an MPI library with its compiler wrapper
// (mpicc) and libclang, by which its header is read: of Debian libopenmpi-dev, openmpi-bin and libclang-dev.
import { copyFileSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { Failure, main, must, output, root, say, targetDir } from "./common.mjs";
import { checkRust } from "./setup.mjs";

await main(async () => {
  checkRust();
  if (output("mpicc", ["--version"]) === undefined) {
    throw new Failure(
      "mpicc is missing: install an MPI library with its headers, and libclang " +
        "(Debian: libopenmpi-dev openmpi-bin libclang-dev; on clusters: module load openmpi)",
    );
  }
  say("building the add-on for MPI: the first time about a minute");
  await must("cargo", ["build", "--release", "-p", "adjoint-mpi"]);
  const folder = join(root, "dist", "native");
  const library = process.platform === "darwin" ? "libadjoint_mpi.dylib" : "libadjoint_mpi.so";
  mkdirSync(folder, { recursive: true });
  const temporary = join(folder, `adjoint-mpi.node.${process.pid}`);
  copyFileSync(join(targetDir, "release", library), temporary);
  renameSync(temporary, join(folder, "adjoint-mpi.node"));
});
