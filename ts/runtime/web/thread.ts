/** What a thread of the pool is given: the compiled module, and the memory that all threads share. */
export interface ThreadData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
}

/** A worker of the platform that runs {@link threadProgram}. */
export interface Thread {
  terminate(): void;
  /** Whether a program that is otherwise done waits for it; pages never do. */
  hold?(on: boolean): void;
}

/** Starts a thread; `report` gets its messages: `"ready"`, `"left"`, or an error's text. */
export type StartThread = (data: ThreadData, report: (message: string) => void) => Thread;

/**
 * The program of a thread, as text: a worker made of text needs no file that bundlers must find and servers must allow.
 * A thread computes and calls no JavaScript, so that functions which do nothing serve as the module's imports.
 */
export const threadProgram = `
function run({ module, memory }, report) {
  try {
    const imports = {};
    for (const { module: from, name, kind } of WebAssembly.Module.imports(module))
      (imports[from] ??= {})[name] = kind === "memory" ? memory : () => undefined;
    const { exports } = new WebAssembly.Instance(module, imports);
    exports.__wbindgen_start(0);
    report("ready");
    try {
      exports.threadWork();
    } catch (error) {
      exports.threadFailed();
      throw error;
    }
    exports.__wbindgen_thread_destroy();
    report("left");
  } catch (error) {
    report(String(error));
  }
}
`;
