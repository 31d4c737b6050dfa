import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildData, buildParts } from "../../ts/cli/build.js";
import { checkConfig } from "../../ts/cli/check-config.js";
import { classes } from "../../ts/cli/classes.generated.js";
import { Place } from "../../ts/cli/place.js";
import { writeImage, writeSafetensors } from "../../ts/io/index.js";
import { DnCNN } from "../../ts/nn/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { adjoint } from "./compiled.js";

const text = await readFile(fileURLToPath(new URL("../../docs/configuration.md", import.meta.url)), "utf8");

/** The configurations of the document, and parts of configurations, several to a block where each is one line. */
const written = [...text.matchAll(/```json\n([\s\S]*?)```/g)].flatMap(([, block]) => {
  const lines = (block as string).trim().split("\n");
  const each = lines.every((line) => line.startsWith("{") && line.endsWith("}")) ? lines : [lines.join("\n")];
  return each.map((json) => JSON.parse(json) as Record<string, unknown>);
});
const whole = written[0]!;

let folder: string;
beforeAll(async () => {
  await init();
  folder = await mkdtemp(join(tmpdir(), "adjoint-documents-"));
  for (const [i, name] of ["train/a", "train/b", "eval/c"].entries()) {
    await mkdir(join(folder, "photos", name.split("/")[0]!), { recursive: true });
    await writeImage(join(folder, "photos", `${name}.png`), new Rng(i).uniform([1, 1, 128, 128]));
  }
  const size = { inChannels: 1, outChannels: 1, depth: 7, nf: 32 };
  await writeSafetensors(join(folder, "dncnn.safetensors"), new DnCNN(size).stateDict());
});
afterAll(async () => await rm(folder, { recursive: true }));

describe("docs/configuration.md", () => {
  it("begins with a configuration that trains and is evaluated", async () => {
    const path = join(folder, "photos.json");
    await writeFile(path, JSON.stringify({ ...whole, maxSteps: 2 }));
    expect(await adjoint(["train", path])).toMatchObject({ code: 0 });
    expect(await adjoint(["test", path])).toMatchObject({ code: 0 });
  });

  it.each(written.map((part) => [JSON.stringify(part).slice(0, 100), part] as const))(
    "has %s, which is made",
    async (_, part) => {
      const place = new Place("config.json");
      const config = checkConfig({ ...whole, ...part }, "config.json");
      await buildParts(config, new Rng(0), place, folder);
      await buildData(config, new Rng(0), place, folder);
    },
  );

  it("says what the class of each example is, in the tables", () => {
    expect(written.length).toBeGreaterThan(20);
    for (const [kind, entries] of Object.entries(classes))
      for (const name of Object.keys(entries))
        expect([kind, text]).toContainEqual(expect.stringContaining(`| \`${name}\` |`));
  });

  it("trains several operators and data sets in turn, with an average and the best weights", async () => {
    const several = written.find(({ physics }) => Array.isArray(physics))!;
    const path = join(folder, "several.json");
    const options = {
      ...several,
      data: { ...(several["data"] as object), eval: ["photos/eval", "photos/eval"], patchesPerEpoch: 4 },
      model: { name: "DnCNN", inChannels: 1, outChannels: 1, depth: 2, nf: 2 },
      ema: { decay: 0.5 },
      best: { metric: "PSNR" },
      earlyStop: { patience: 3 },
      accumulate: 2,
      redraw: true,
      evalEvery: 1,
      batchSize: 2,
      epochs: 2,
      out: "several",
    };
    await writeFile(path, JSON.stringify({ ...whole, ...options }));
    const trained = await adjoint(["train", path, "--json"]);
    expect([trained.code, trained.stderr]).toEqual([0, expect.not.stringContaining("error")]);
    expect(JSON.parse(trained.stdout)).toMatchObject({ best: { name: "PSNR", value: expect.any(Number) } });
    for (const name of ["model", "last"])
      expect((await readFile(join(folder, "several", `${name}.safetensors`))).length).toBeGreaterThan(100);
    const tested = await adjoint(["test", path, "--json"]);
    expect((JSON.parse(tested.stdout) as { sets: unknown[] }).sets).toHaveLength(2);
  });
});
