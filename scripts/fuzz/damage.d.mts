export function damage(file: Uint8Array, next: () => number, others?: readonly Uint8Array[]): Uint8Array;
export function damageWithin(file: Uint8Array, next: () => number, others?: readonly Uint8Array[]): Uint8Array;
