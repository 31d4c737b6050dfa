import { beforeAll, expect, it } from "vitest";
import { classes } from "../../ts/cli/classes.generated.js";
import { make } from "../../ts/cli/make.js";
import type { Kind, OptionType } from "../../ts/cli/option-type.js";
import { Place } from "../../ts/cli/place.js";
import { SGD } from "../../ts/optim/index.js";
import { AdjointError, init } from "../../ts/runtime/index.js";
import { ones } from "../../ts/tensor/index.js";
import { sampleOf } from "../cli/samples.js";

beforeAll(() => init({ device: "cpu" }));

/** Values that an option of a type must not take. */
function wrongFor(type: OptionType): readonly unknown[] {
  if (type === "boolean") return ["no", 0, 1, []];
  if (type === "number") return ["no", NaN, [], true];
  const whole = JSON.stringify(type);
  const others = [Symbol("none"), NaN, ...(whole.includes('"boolean"') ? [] : [true])];
  return whole.includes('"number"') || whole.includes('"tensor"') ? others : [...others, 3.5];
}

/** What is no class takes its list from a configuration, which has checked it; the paths of an HDF5 file likewise. */
const CHECKED_BEFORE = ["add.list", "compose.list", "or.list", "stack.list", "Sequential.layers", "HDF5Dataset.params"];

const options = (Object.keys(classes) as Kind[]).flatMap((kind) =>
  Object.entries(classes[kind]).flatMap(([name, entry]) =>
    Object.entries(entry.options)
      .filter(([key]) => !CHECKED_BEFORE.includes(`${name}.${key}`))
      .map(([key, { type }]): [string, string, Kind, readonly unknown[]] => [name, key, kind, wrongFor(type)]),
  ),
);

it.each(options)("%s: %s is refused where it is of another type", async (name, key, kind, values) => {
  const parameters = [ones([2])];
  const on = kind === "optimizer" ? parameters : new SGD(parameters);
  for (const value of values) {
    const made = make({ ...sampleOf(kind, name), [key]: value }, { kind }, new Place("config.json", kind), {
      folder: ".",
      on,
    });
    await expect(made, String(value)).rejects.toBeInstanceOf(AdjointError);
    await expect(made).rejects.toMatchObject({ message: expect.stringContaining(key) });
  }
});
