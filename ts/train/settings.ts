import { lossesOfEach } from "./losses-option.js";
import { countOf, list } from "./matched.js";
import type { TrainerOptions } from "./options.js";

/** The options of a training as plain data, for display: objects by the name of their class. */
export function settingsOf(options: TrainerOptions, steps: number): Record<string, unknown> {
  const { model, optimizer, schedule, trainData, evalData } = options;
  const losses = lossesOfEach(options.losses, countOf(options));
  const plain = Object.entries(options).filter(([, value]) => isPlain(value));
  const examples = (data: (typeof trainData & unknown) | undefined): number[] =>
    list(data).map((source) => ("dataset" in source ? source.dataset.length : source.length));
  return {
    ...Object.fromEntries(plain),
    model: className(model),
    parameters: model.parameters().reduce((sum, { size }) => sum + size, 0),
    physics: list(options.physics).map(className),
    losses: [...new Set(losses)].map((of) =>
      of.map(({ loss, weight }) => (weight === 1 ? loss.name : `${weight} ${loss.name}`)),
    ),
    optimizer: className(optimizer),
    learningRate: optimizer.learningRate,
    ...(schedule ? { schedule: className(schedule) } : {}),
    trainData: examples(trainData),
    ...(evalData === undefined ? {} : { evalData: examples(evalData) }),
    steps,
  };
}

function className(value: object): string {
  return value.constructor.name;
}

/** Numbers, words, flags and objects of them, such as `earlyStop`. */
function isPlain(value: unknown): boolean {
  if (["number", "string", "boolean"].includes(typeof value)) return true;
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return false;
  return Object.values(value).every(isPlain);
}
