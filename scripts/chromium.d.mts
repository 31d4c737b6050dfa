import type { Browser } from "playwright-core";

/** The path of Chromium, or undefined if none is found; the environment variable CHROMIUM sets it. */
export const executable: string | undefined;

/** Starts Chromium headless. `gpu`: with WebGPU on a software adapter. */
export function launch(options?: { gpu?: boolean }): Promise<Browser>;
