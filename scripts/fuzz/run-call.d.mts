/** A call of the fuzzer. */
export interface Call {
  readonly on?: string;
  readonly callee: string;
  readonly args: readonly string[];
  readonly asynchronous?: boolean;
}
/** Runs calls of a library; `run` resolves to why the outcome is a finding, `prepared` makes the function to call. */
export function runner(lib: object): {
  run(call: Call): Promise<string | undefined>;
  prepared(call: Call): () => unknown;
};
