import { expect, it } from "vitest";
import { remedy } from "../../ts/runtime/node/missing.js";

it("what to do about a missing file fits the place: a clone can build it, an installed package cannot", () => {
  expect(remedy("npm run build:gpu", true)).toBe("run npm run build:gpu (needs Rust)");
  const installed = remedy("npm run build", false);
  expect(installed).toContain(`has none for ${process.platform} ${process.arch}`);
  expect(installed).not.toMatch(/^run /);
  // The tests run in a clone.
  expect(remedy("npm run build")).toBe("run npm run build (needs Rust)");
});
