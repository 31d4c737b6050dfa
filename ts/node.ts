/** adjoint with the native add-on: `import ... from "adjoint"` in Node. */
export * from "./index.js";
