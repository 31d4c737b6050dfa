import type { Browser } from "playwright-core";

/** Its program, or undefined where none is found; the variable CHROMIUM names another. */
export const executable: string | undefined;

/** Starts it without a window. `gpu`: with WebGPU on a software adapter. */
export function launch(options?: { gpu?: boolean }): Promise<Browser>;
