export const quick: ReadonlySet<string> = new Set(["ei_shift"]);
