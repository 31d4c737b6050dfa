import type { Message, Picture } from "./messages.js";

const state = document.querySelector("#state")!;

function draw(id: string, { width, height, values }: Picture): void {
  const canvas = document.querySelector<HTMLCanvasElement>(id)!;
  [canvas.width, canvas.height] = [width, height];
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) image.data.set([0, 1, 2].map(() => 255 * values[i]!).concat(255), 4 * i);
  canvas.getContext("2d")!.putImageData(image, 0, 0);
}

const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
worker.onmessage = ({ data }: MessageEvent<Message>) => {
  if (data.type === "step") state.textContent = `step ${data.step} of ${data.steps}`;
  else if (data.type === "failed") state.textContent = data.text;
  else {
    draw("#noisy", data.noisy);
    draw("#cleaned", data.cleaned);
    state.textContent = `done: ${data.gain.toFixed(1)} dB better`;
  }
};
