/** Machine epsilon: the distance of 1 to the next number. */
export const EPSILON = { float32: 2 ** -23, float64: 2 ** -52 } as const;
