export function randomNumbers(seed: number): () => number;
export function numbersOf(seed: number, index: number): () => number;
