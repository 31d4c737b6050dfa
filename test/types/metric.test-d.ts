import { it } from "vitest";
import type { Dataset } from "../../ts/data/index.js";
import { Normalized } from "../../ts/data/index.js";
import { BlurStrength, GMSD, HaarPSI, type Metric, MSSSIM, QNR, SharpnessIndex, SSIM } from "../../ts/metric/index.js";
import type { Pansharpen, TensorList } from "../../ts/physics/index.js";
import type { Tensor } from "../../ts/tensor/index.js";
import { JsonLogger, type Logger, type MetricSummary, TensorBoardLogger } from "../../ts/train/index.js";

declare const image: Tensor;
declare const y: TensorList;
declare const physics: Pansharpen;
declare const dataset: Dataset;
declare const summary: MetricSummary;

it("metrics take the options of their class, images, and what was measured", () => {
  const all: Metric[] = [
    new MSSSIM({ maxPixel: null, betas: [0.5, 0.5] }),
    new HaarPSI({ C: 30, alpha: 4.2, preprocessWithSubsampling: false }),
    new GMSD({ c: 0.01 }),
    new BlurStrength({ hSize: 5 }),
    new SharpnessIndex({ periodicComponent: false, dequantize: true }),
    new SSIM({ multiscale: true }),
  ];
  const value: Tensor = new QNR({ p: 2 }).forward(image, undefined, { y, physics });
  void [...all.map((metric) => metric.forward(image)), value, all[0]?.batchMean(image, image)];
  // @ts-expect-error MSSSIM always has several scales
  new MSSSIM({ multiscale: false });
  // @ts-expect-error the option is hSize
  new BlurStrength({ size: 5 });
  // @ts-expect-error an image is a tensor
  new GMSD().forward(1, image);
  // @ts-expect-error there is no x in the context
  new QNR().forward(image, undefined, { x: image });
  const count: number = summary.leftOut;
  void count;
});

it("loggers and normalised datasets have the types of their interfaces", () => {
  const loggers: Logger[] = [new JsonLogger({ path: "a" }), new TensorBoardLogger({ folder: "a", range: "auto" })];
  const normalized: Dataset = new Normalized({ dataset, by: "sample" });
  void [loggers, normalized];
  // @ts-expect-error a path is missing
  new JsonLogger({});
  // @ts-expect-error a range has two ends
  new TensorBoardLogger({ folder: "a", range: [1] });
  // @ts-expect-error what samples are divided by
  new Normalized({ dataset, by: "image" });
});
