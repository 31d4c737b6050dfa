// What a call of the fuzzer may take. Node and pages use the same.

/**
 * Bytes that one operator may use: little enough that no allowed call is slow, and far below the limit of the process,
 * so that memory which the core does not count ends the child.
 */
export const MEMORY_LIMIT = 1 << 28;
/** Milliseconds of computing after which a call that does not return is ended. */
export const PATIENCE = 10_000;
