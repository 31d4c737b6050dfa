import { DnCNN, startAtIdentity } from "../nn/index.js";
import type { RandomSource } from "../random/index.js";
import type { Quality } from "./quality.js";

/** What decides which network is taken. */
export interface NetworkOptions {
  /** Channels of the pictures. */
  readonly channels: number;
  readonly quality: Quality;
  /** Stream of the initial weights. */
  readonly rng: RandomSource;
}

/** Pixels around a tile: no pixel farther away changes a result. */
export const margin = 16;

/** The network that learns, with its weights at the start. */
export async function startNetwork({ channels, rng }: NetworkOptions): Promise<DnCNN> {
  const model = new DnCNN({ inChannels: channels, outChannels: channels, depth: 7, nf: 32, rng });
  startAtIdentity(model);
  return model;
}
