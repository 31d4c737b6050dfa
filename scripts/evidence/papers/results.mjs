// The results of trainings, kept in a folder.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { io } from "adjoint";
import { say } from "../../common.mjs";
import { measured } from "./measures.mjs";
import { BATCH, LEARNING_RATE, quality } from "./train.mjs";

/** What has been trained, in a folder; a training is known by its task, loss, steps, seed and library. */
export class Results {
  #folder;
  #path;
  #found;

  constructor(folder) {
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
    this.#path = join(folder, "trainings.json");
    this.#found = existsSync(this.#path) ? JSON.parse(readFileSync(this.#path, "utf8")) : {};
  }

  of(library, training) {
    return this.#found[this.#key(library, training)];
  }

  /** The file of the reconstructions. */
  file(library, training) {
    return join(this.#folder, training.task.id, `${this.#key(library, training)}.safetensors`);
  }

  /** Judges the reconstructions of a training, and keeps the result. */
  async add(library, training, seconds) {
    const { before, after, ...rest } = await io.readSafetensors(this.file(library, training));
    const { task, name, seed, tensors } = training;
    const truth = tensors.testX;
    const trained = Object.fromEntries(
      Object.entries(rest).map(([key, value]) => [key.replace(/^trained\./, ""), value]),
    );
    const measures = await measured(task, { xNet: after, x: truth, y: tensors.testY, trained });
    const start = await quality(task, before, truth);
    const result = { ...(await quality(task, after, truth)), start, seconds, measures };
    this.#found[this.#key(library, training)] = result;
    writeFileSync(this.#path, JSON.stringify(this.#found, null, 1));
    say(`${task.id}, ${name}, seed ${seed}, ${library}: ${result.psnr.toFixed(2)} dB, ${seconds.toFixed(1)} s`);
  }

  #key(library, { task, name, row, seed, steps }) {
    const { images, physics, network, perSample } = task;
    const { terms, adversary, variational } = row;
    const discriminator = adversary && task.discriminator;
    const what = { images, physics, network, perSample, terms, steps, seed, BATCH, LEARNING_RATE };
    Object.assign(what, { adversary, discriminator, variational });
    const digest = createHash("sha256").update(JSON.stringify(what)).digest("hex").slice(0, 12);
    return `${task.id}-${name.replace(/\W+/g, "-")}-${seed}-${library}-${digest}`;
  }
}
