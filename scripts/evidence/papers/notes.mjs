// What was found where a row of docs/evidence.md is below what its paper says, by task.
export const notes = {};
