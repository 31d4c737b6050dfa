/** A worker that runs one program, see worker.mjs; Vite puts it, the library and the modules into files of their own. */
export const startWorker = () => new Worker(new URL("./worker.mjs", import.meta.url), { type: "module" });
