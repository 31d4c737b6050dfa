import { describe, it } from "vitest";
import { executable } from "../../scripts/chromium.mjs";

export { executable, launch } from "../../scripts/chromium.mjs";

/** Tests that need a browser; where none is, one skipped test says so. */
export function describeBrowser(title: string, body: () => void): void {
  if (executable === undefined) it.skip(`${title}: no Chromium was found (CHROMIUM may name one)`, () => undefined);
  else describe(title, body);
}
