/** What can be called, as `signatures.mjs` describes it. */
export interface Signature {
  readonly path: string;
}
export function signaturesFile(): string;
