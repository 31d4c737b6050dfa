import { createRequire } from "node:module";

/** The package that has the add-on for this platform, `@adjoint/linux-x64-gnu` for example. */
export function platformPackage(): string {
  const { platform, arch } = process;
  const library = platform === "linux" ? (isMusl() ? "-musl" : "-gnu") : platform === "win32" ? "-msvc" : "";
  return `@adjoint/${platform}-${arch}${library}`;
}

/** The path of the add-on in an installed platform package; undefined where there is none. */
export function platformAddOn(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(`${platformPackage()}/adjoint.node`);
  } catch {
    // It is optional: the WebAssembly module takes its place.
    return undefined;
  }
}

/** Whether the C library is musl, as on Alpine Linux: Node's report then names no version of glibc. */
function isMusl(): boolean {
  const report = process.report as (NodeJS.ProcessReport & { excludeNetwork?: boolean }) | undefined;
  if (report === undefined) return false;
  report.excludeNetwork = true;
  const { header } = report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return header?.glibcVersionRuntime === undefined;
}
