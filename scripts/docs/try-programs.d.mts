import type { Page } from "playwright-core";
import type { Site } from "../serve.mjs";

/** A message of the playground's worker. */
export interface Message {
  readonly type: "log" | "progress" | "image" | "curve" | "done" | "error";
  readonly text?: string;
  readonly name?: string;
  readonly width?: number;
  readonly points?: readonly (readonly [number, number])[];
}

/** The program with a training of a few steps. */
export function shortened(code: string): string;

/** Serves the built site below a path, with nothing else. */
export function serveSite(base: string): Promise<Site>;

/** Runs a program in a worker of the page and gives what it sends, pictures without their pixels. */
export function runProgram(
  page: Page,
  base: string,
  code: string,
  timeout?: number,
): Promise<{ end: Message; seen: Message[] }>;
