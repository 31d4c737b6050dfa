/** How values between pixels are found. */
export type Interpolation = "nearest" | "bilinear" | "bicubic";

/**
 * What lies outside an image that is sampled: zeros, the border repeated, or the image mirrored (by `warp` at the
 * centres of its outer pixels).
 */
export type Outside = "zeros" | "border" | "reflection";

/** Codes of {@link Interpolation} for the operators `gridSample` and `warp`. */
export const INTERPOLATION_CODES: Readonly<Record<Interpolation, number>> = { bilinear: 0, nearest: 1, bicubic: 2 };
/** Codes of {@link Outside} for the operators `gridSample` and `warp`. */
export const OUTSIDE_CODES: Readonly<Record<Outside, number>> = { zeros: 0, border: 1, reflection: 2 };

/** The values of {@link Interpolation}. */
export const INTERPOLATIONS: readonly Interpolation[] = ["nearest", "bilinear", "bicubic"];
/** The values of {@link Outside}. */
export const OUTSIDES: readonly Outside[] = ["zeros", "border", "reflection"];
