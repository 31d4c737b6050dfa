const said = new Set<string>();

/** Writes one line of warning to the console, the same line once. */
export function warnOnce(text: string): void {
  if (said.has(text)) return;
  said.add(text);
  console.warn(`adjoint: ${text}`);
}
