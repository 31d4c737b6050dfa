/** Metrics: how close a reconstruction is to a reference, one value per image. */
export { Metric, type MetricOptions, type Reduction } from "./metric.js";
export type { NormInputs } from "./preprocess.js";
export type { PixelRangeOptions } from "./pixel-range.js";
export { MSE } from "./mse.js";
export { NMSE, type NMSEOptions } from "./nmse.js";
export { NRMSE } from "./nrmse.js";
export { MAE } from "./mae.js";
export { PSNR } from "./psnr.js";
export { SNR } from "./snr.js";
export { SSIM, type SSIMOptions } from "./ssim.js";
export { L1L2, type L1L2Options } from "./l1l2.js";
export { LpNorm, type LpNormOptions } from "./lp-norm.js";
export { CosineSimilarity } from "./cosine-similarity.js";
export { SpectralAngleMapper } from "./sam.js";
export { ERGAS, type ERGASOptions } from "./ergas.js";
