/** How much time is spent on a picture. */
export type Quality = "fast" | "normal" | "best";

/** What a quality costs. */
export interface QualityCost {
  /** Factor on the number of training steps. */
  readonly steps: number;
  /** Evaluations of the network that are averaged, each of another flip or turn of the picture. */
  readonly evaluations: number;
}

/** The qualities with what each costs. */
export const qualities: Readonly<Record<Quality, QualityCost>> = {
  fast: { steps: 0, evaluations: 4 },
  normal: { steps: 0.5, evaluations: 8 },
  best: { steps: 2, evaluations: 8 },
};
