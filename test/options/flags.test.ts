import { beforeAll, expect, it } from "vitest";
import { classes } from "../../ts/cli/classes.generated.js";
import { make } from "../../ts/cli/make.js";
import type { Kind } from "../../ts/cli/option-type.js";
import { Place } from "../../ts/cli/place.js";
import { SGD } from "../../ts/optim/index.js";
import { init } from "../../ts/runtime/index.js";
import { ones } from "../../ts/tensor/index.js";
import { sampleOf } from "../cli/samples.js";

beforeAll(() => init({ device: "cpu" }));

const flags = (Object.keys(classes) as Kind[]).flatMap((kind) =>
  Object.entries(classes[kind]).flatMap(([name, { options }]) =>
    Object.entries(options).flatMap(([flag, { type }]): [string, string, Kind][] =>
      type === "boolean" ? [[name, flag, kind]] : [],
    ),
  ),
);

it.each(flags)("%s: %s is true or false, or refused", async (name, flag, kind) => {
  const parameters = [ones([2])];
  const on = kind === "optimizer" ? parameters : new SGD(parameters);
  const made = (value: unknown): Promise<unknown> =>
    make({ ...sampleOf(kind, name), [flag]: value }, { kind }, new Place("config.json", kind), { folder: ".", on });
  for (const wrong of ["no", 0, 1, []])
    await expect(made(wrong)).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringContaining(flag),
    });
});
