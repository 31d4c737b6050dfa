import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { Binding } from "../binding.js";
import { DeviceError } from "../errors.js";

/**
 * Loads the native add-on that the build put next to the compiled facade (`dist/native/adjoint.node`).
 * The same relative address holds from the sources and from the compiled package.
 */
export function loadNative(): Binding {
  const path = fileURLToPath(new URL("../../../dist/native/adjoint.node", import.meta.url));
  if (!existsSync(path)) {
    throw new DeviceError(
      `the native add-on is not built: run npm run build (needs Rust); looked for ${path}`,
      "native_missing",
    );
  }
  try {
    return createRequire(import.meta.url)(path) as Binding;
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new DeviceError(
      `the native add-on does not load: ${text}; it may have been built for another platform: run npm run build (needs Rust)`,
      "native_load_failed",
      { cause },
    );
  }
}
