// `npm run build:mpi`: the add-on for MPI, dist/native/adjoint-mpi.node. Needs an MPI library with its compiler wrapper
// (mpicc, or that in MPICC) and libclang, by which its header is read: of Debian libopenmpi-dev, openmpi-bin and
// libclang-dev.
import { placeAddOn } from "./build.mjs";
import { Failure, main, must, output, say } from "./common.mjs";
import { checkRust } from "./setup.mjs";

await main(async () => {
  checkRust();
  const mpicc = process.env.MPICC ?? "mpicc";
  if (output(mpicc, ["--version"]) === undefined) {
    throw new Failure(
      `${mpicc} is missing: ` +
        "install an MPI library with its headers, and libclang " +
        "(Debian: libopenmpi-dev openmpi-bin libclang-dev; on clusters: module load openmpi)",
    );
  }
  say("building the add-on for MPI: the first time about a minute");
  await must("cargo", ["build", "--release", "-p", "adjoint-mpi"]);
  placeAddOn("adjoint_mpi", "adjoint-mpi.node");
});
