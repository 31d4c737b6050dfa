import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

interface LockedPackage {
  readonly license?: string;
  readonly version?: string;
  readonly integrity?: string;
}

const { packages } = JSON.parse(readFileSync(new URL("../../package-lock.json", import.meta.url), "utf8")) as {
  packages: Record<string, LockedPackage>;
};
const locked = Object.entries(packages).filter(([path]) => path !== "");

/** Licences that ask for no more than to be named; MPL's file by file, LGPL's as a library that can be replaced. */
const allowed = [
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "CC0-1.0",
  "ISC",
  "MIT",
  "MIT-0",
  "MPL-2.0",
  "Python-2.0",
  "Unlicense",
  "Zlib",
];
/** libvips, which sharp loads as a shared library. */
const replaceable = /^node_modules\/@img\/sharp-/;

/** Licences with names of their own, which were read. h5wasm: NIST's, for any use that keeps its notice. */
const read: Readonly<Record<string, string>> = { "node_modules/h5wasm": "SEE LICENSE IN LICENSE.txt" };

/** Whether an expression of licences can be met by allowed ones: one of a choice, each of a sum. */
function fits(expression: string): boolean {
  const plain = expression.replaceAll(/[()]/g, "");
  return plain
    .split(/ OR /)
    .some((choice) => choice.split(/ AND /).every((licence) => allowed.includes(licence.trim())));
}

it("every npm package has a licence that the project's own allows", () => {
  expect(locked.length).toBeGreaterThan(20);
  const wrong = locked.filter(
    ([path, { license = "none" }]) =>
      !fits(license) &&
      read[path] !== license &&
      !(replaceable.test(path) && fits(license.replaceAll("LGPL-3.0-or-later", "MIT"))),
  );
  expect(wrong.map(([path, { license }]) => `${path}: ${license}`)).toEqual([]);
});

it("every npm package is of a release, and is what it was when it was chosen", () => {
  const loose = locked.filter(
    ([, { version = "", integrity = "" }]) => !/^\d+\.\d+\.\d+/.test(version) || !integrity.startsWith("sha512-"),
  );
  expect(loose.map(([path]) => path)).toEqual([]);
});
