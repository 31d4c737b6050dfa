/** Where the playground has the photographs of the examples, see platform.mjs. */
export const imageFolder = "examples/images";
