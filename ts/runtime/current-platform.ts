import type { Platform } from "./platform.js";

const inNode = typeof process !== "undefined" && process.versions?.node !== undefined;

/**
 * The platform this program runs on, lazily loaded. Bundlers for browsers replace `node/index.js` by `web/index.js`
 * (`browser` in package.json), so that no bundle imports a module of Node.
 */
export async function currentPlatform(): Promise<Platform> {
  return inNode ? (await import("./node/index.js")).nodePlatform : (await import("./web/index.js")).webPlatform;
}
