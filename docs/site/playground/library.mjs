// The library of the playground: its trainers also send their steps to the page.
import { train as whole } from "adjoint-dist/browser.js";

export * from "adjoint-dist/browser.js";

/** A trainer that also sends its steps to the page. */
function reporting(Base) {
  return class extends Base {
    constructor(options) {
      super({
        ...options,
        onProgress(state) {
          self.postMessage({ type: "progress", step: state.step, steps: state.steps, loss: state.loss });
          options?.onProgress?.(state);
        },
      });
    }
  };
}

export const train = {
  ...whole,
  Trainer: reporting(whole.Trainer),
  AdversarialTrainer: reporting(whole.AdversarialTrainer),
};
