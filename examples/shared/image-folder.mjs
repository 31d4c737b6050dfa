import { fileURLToPath } from "node:url";

/** The folder of the bundled photographs. */
export const imageFolder = fileURLToPath(new URL("../images", import.meta.url));
