/** adjoint with Node's add-on: what `import ... from "adjoint"` gives in Node. */
export * from "./index.js";
