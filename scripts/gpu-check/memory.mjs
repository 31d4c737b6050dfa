// The memory of the first NVIDIA card, by nvidia-smi.
import { spawn, spawnSync } from "node:child_process";

const QUERY = ["--query-gpu=memory.used", "--format=csv,noheader,nounits", "--id=0"];

/** MiB in use now; undefined without nvidia-smi. */
function used() {
  const { status, stdout } = spawnSync("nvidia-smi", QUERY, { encoding: "utf8" });
  return status === 0 ? Number.parseFloat(stdout) : undefined;
}

/** What nvidia-smi says of the first card: name, driver, memory; undefined without it. */
export function describeCard() {
  const query = ["--query-gpu=name,driver_version,memory.total", "--format=csv,noheader", "--id=0"];
  const { status, stdout } = spawnSync("nvidia-smi", query, { encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

/** Watches the memory: `peak()` is the most MiB in use beyond what was in use before; undefined without nvidia-smi. */
export function watchMemory() {
  const before = used();
  if (before === undefined) return { peak: () => undefined, stop() {} };
  let most = before;
  const child = spawn("nvidia-smi", [...QUERY, "--loop-ms=200"], { stdio: ["ignore", "pipe", "ignore"] });
  child.on("error", () => {});
  child.stdout.on("data", (chunk) => {
    for (const value of String(chunk).split("\n").map(Number.parseFloat)) if (value > most) most = value;
  });
  return { peak: () => most - before, stop: () => child.kill() };
}
