import type { Binding } from "../binding.js";
import type { LoadOptions } from "../platform.js";
import { isGpu, loadNative } from "./add-on.js";

/**
 * The native add-on; the WebAssembly module where it is given or preferred. If the add-on is not built or does not
 * load, the WebAssembly module takes its place on the CPU, with a warning of one line.
 */
export async function loadBinding(options: LoadOptions): Promise<Binding> {
  if (options.wasm !== undefined || options.preferWasm) return await loadModule(options);
  try {
    return loadNative(options.device);
  } catch (error) {
    if (isGpu(options.device)) throw error;
    const binding = await loadModule(options).catch(() => undefined);
    // In Node the add-on is expected, so its error is the more useful one.
    if (binding === undefined) throw error;
    const [reason] = (error instanceof Error ? error.message : String(error)).split(";");
    process.stderr.write(
      `adjoint: ${reason}; using the WebAssembly module instead, which is slower and supports the CPU only.\n`,
    );
    return binding;
  }
}

/** The WebAssembly module; what loads it is loaded only where it is needed. */
async function loadModule(options: LoadOptions): Promise<Binding> {
  return await (await import("./wasm.js")).loadModule(options);
}
