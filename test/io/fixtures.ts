import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { unzlibSync } from "fflate";

/** The folder of the fixtures; `make.py` in it says how they were made. */
export const fixtureFolder = fileURLToPath(new URL("fixtures", import.meta.url));

/** What tifffile, PIL or the specification say about a fixture. */
export interface Expected {
  readonly shape: [number, number, number, number];
  readonly sample: string;
  /** Stored values, `[pages, channels, rows, columns]`. */
  readonly values: Float64Array;
  /** Largest difference, for formats that lose some. */
  readonly tolerance?: number;
  readonly bits?: number;
  readonly alpha?: boolean;
  readonly whiteIsZero?: boolean;
  readonly metadata?: Record<string, unknown>;
}

type Stored = Omit<Expected, "values"> & { readonly values: string };

/** Fixtures by name. */
export function expectedImages(): Record<string, Expected> {
  const text = readFileSync(`${fixtureFolder}/expected.json`, "utf8");
  return Object.fromEntries(
    Object.entries(JSON.parse(text) as Record<string, Stored>).map(([name, { values, ...facts }]) => {
      const bytes = unzlibSync(Uint8Array.from(Buffer.from(values, "base64")));
      return [name, { ...facts, values: new Float64Array(bytes.slice().buffer) }];
    }),
  );
}

/** The bytes of a fixture. */
export function fixture(name: string): Uint8Array {
  return Uint8Array.from(readFileSync(`${fixtureFolder}/${name}`));
}

/** All image files among the fixtures. */
export function imageFixtures(): string[] {
  return readdirSync(fixtureFolder).filter((name) => /\.(?:tif|png|gif|webp|jpg|avif)$/.test(name));
}
