import { describe, it } from "vitest";
import { executable } from "../../scripts/chromium.mjs";

export { executable, launch } from "../../scripts/chromium.mjs";

/** Tests in Chromium; without it they are replaced by one skipped test with the reason. */
export function describeBrowser(title: string, body: () => void): void {
  if (executable === undefined) it.skip(`${title}: no Chromium was found (CHROMIUM may name one)`, () => undefined);
  else describe(title, body);
}
