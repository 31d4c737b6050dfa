import type { WasmSource } from "../platform.js";

/** Compiles the module of a source; rejects where it cannot be fetched or is not a module. */
export async function compile(source: WasmSource): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  if (ArrayBuffer.isView(source) || source instanceof ArrayBuffer)
    return await WebAssembly.compile(source as BufferSource);
  const response = source instanceof Response ? source : await fetch(source as string | URL);
  if (!response.ok) throw new Error(`${response.url}: the server answers with status ${response.status}`);
  // Compiling during the download requires the right content type.
  const canStream = response.headers.get("Content-Type")?.startsWith("application/wasm") ?? false;
  return canStream
    ? await WebAssembly.compileStreaming(response)
    : await WebAssembly.compile(await response.arrayBuffer());
}
