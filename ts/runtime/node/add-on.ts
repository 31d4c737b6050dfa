import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { Binding } from "../binding.js";
import { DeviceError } from "../errors.js";

/**
 * Loads the native add-on (`dist/native/adjoint.node`). The same relative path holds from the sources and from the
 * compiled package.
 *
 * @throws DeviceError `native_missing` where it is not built; `native_load_failed` where it does not load.
 */
export function loadNative(): Binding {
  const path = fileURLToPath(new URL("../../../dist/native/adjoint.node", import.meta.url));
  if (!existsSync(path)) {
    throw new DeviceError(
      `the native add-on is not built (looked for ${path}); run npm run build (needs Rust).`,
      "native_missing",
    );
  }
  try {
    return createRequire(import.meta.url)(path) as Binding;
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new DeviceError(
      `the native add-on does not load (${text}); if it was built for another platform, run npm run build ` +
        "(needs Rust).",
      "native_load_failed",
      { cause },
    );
  }
}
