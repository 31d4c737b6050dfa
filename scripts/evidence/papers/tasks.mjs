// The tasks of `npm run evidence -- papers`, as data that both programs read: an object with a `name` is made of the
// class of that name, here with these options, in deepinv with the same in snake case; `{ tensor: name }` is a tensor
// of the task's file of measurements. `only: "adjoint"` marks what deepinv 0.5.0 does not have, or what it does as
// `there` says.
//
// Of a loss `paper` says what its paper claims, as a number that can be checked: `within` so many dB of supervised
// training, or `closes` that share of the gap between the loss named `from` and supervised training.
// `variational` of a row is a baseline that trains nothing (variational.mjs), `adversary` the loss of the discriminator
// that its task describes; `measures` are what measures.mjs says of a training beside PSNR and SSIM.
// `budget` is how many times the steps of the others a task is trained.
import { adversarial } from "./tasks/adversarial.mjs";
import { denoising } from "./tasks/denoising.mjs";
import { incomplete } from "./tasks/incomplete.mjs";
import { lipschitz } from "./tasks/lipschitz.mjs";
import { mri } from "./tasks/mri.mjs";
import { paperSettings } from "./tasks/paper-settings.mjs";

export const tasks = [...denoising, ...incomplete, ...mri, ...paperSettings, ...lipschitz, ...adversarial];

/** The steps of a training of a task, where one of the others takes `steps`. */
export const stepsOf = ({ budget = 1 }, steps) => Math.ceil(budget * steps);

/** The same tasks, so small that they only show whether the program works. */
export function quick(list) {
  return list.map((task) => ({ ...task, images: { ...task.images, count: 8, tests: 2 } }));
}
