import { fileURLToPath } from "node:url";

/** Options of the compiler for a program in a folder with Node's types; `lib` is what the program's platform has. */
export const programOptions = (lib: string): readonly string[] => [
  "--strict",
  // Beyond "strict": the declarations must hold for programs that are checked by it, too.
  "--exactOptionalPropertyTypes",
  "--noImplicitOverride",
  "--module",
  "nodenext",
  "--target",
  "es2022",
  "--lib",
  lib,
  "--types",
  "node",
  "--typeRoots",
  fileURLToPath(new URL("../node_modules/@types", import.meta.url)),
];
