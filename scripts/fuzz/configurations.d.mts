/** Values that somebody may write in the place of another. */
export const ANYTHING: readonly unknown[];
