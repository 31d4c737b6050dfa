/** How much time is spent on a picture. */
export type Quality = "fast" | "normal" | "best";

/** Factors on the number of training steps. */
export const stepFactors: Readonly<Record<Quality, number>> = { fast: 0, normal: 0.5, best: 2 };
