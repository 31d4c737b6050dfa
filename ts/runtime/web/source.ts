import type { WasmSource } from "../platform.js";

/** The compiled module of whatever names or holds it. */
export async function compile(source: WasmSource): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  if (ArrayBuffer.isView(source) || source instanceof ArrayBuffer)
    return await WebAssembly.compile(source as BufferSource);
  const response = source instanceof Response ? source : await fetch(source as string | URL);
  if (!response.ok) throw new Error(`${response.url}: the server answers ${response.status}`);
  // Browsers compile while the file comes in, where the server gives it its own type.
  const streams = response.headers.get("Content-Type")?.startsWith("application/wasm") ?? false;
  return streams
    ? await WebAssembly.compileStreaming(response)
    : await WebAssembly.compile(await response.arrayBuffer());
}
