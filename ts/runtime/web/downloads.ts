/** The name of the library's cache in the storage of a page. */
const NAME = "adjoint";

/** See `Platform.keptDownload`. */
export async function keptDownload(address: string): Promise<Uint8Array | undefined> {
  // Pages without https have no cache.
  if (typeof caches === "undefined") return undefined;
  const found = await (await caches.open(NAME)).match(address);
  return found === undefined ? undefined : new Uint8Array(await found.arrayBuffer());
}

/** See `Platform.keepDownload`. */
export async function keepDownload(address: string, content: Uint8Array): Promise<void> {
  if (typeof caches === "undefined") return;
  await (await caches.open(NAME)).put(address, new Response(content as BodyInit));
}
