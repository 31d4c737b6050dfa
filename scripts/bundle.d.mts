export function bundle(
  program: string,
  options?: { wasm?: boolean },
): Promise<{ folder: string; remove(): Promise<void> }>;
