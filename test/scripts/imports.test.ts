import { describe, expect, it } from "vitest";
import { circles, fileImports, groupImports, moduleUses } from "../../scripts/imports.mjs";

const file = (path: string, text: string) => ({ path, text });

describe("the check on imports", () => {
  it("finds a circle of three files, type imports and re-exports included", () => {
    const files = fileImports([
      file("ts/a/x.ts", 'import { y } from "./y.js";'),
      file("ts/a/y.ts", 'import type { Z } from "../b/z.js";'),
      file("ts/b/z.ts", 'export * from "../a/x.js";'),
      file("ts/b/w.ts", 'import { z } from "./z.js";\nimport fs from "node:fs";'),
    ]);
    expect(circles(files)).toEqual([["ts/a/x.ts", "ts/a/y.ts", "ts/b/z.ts"]]);
    expect(circles(groupImports(files, (path) => path.split("/")[1]!))).toEqual([["a", "b"]]);
  });

  it("finds circles of folders whose files have none", () => {
    const files = fileImports([
      file("ts/a/x.ts", 'import { y } from "../b/y.js";'),
      file("ts/a/z.ts", ""),
      file("ts/b/y.ts", ""),
      file("ts/b/w.ts", 'const z = await import("../a/z.js");'),
    ]);
    expect(circles(files)).toEqual([]);
    expect(circles(groupImports(files, (path) => path.split("/")[1]!))).toEqual([["a", "b"]]);
  });

  it("reads what Rust's modules use: nested use trees, paths in code, super and children", () => {
    const uses = moduleUses(
      [
        file("src/lib.rs", "pub mod a; pub mod b; mod c;"),
        file("src/a/mod.rs", "mod inner;\nuse crate::{b::{self, B}, c};\n"),
        file("src/a/inner.rs", 'use super::super::c::C; // use crate::b;\nfn f() { let s = "crate::b"; }'),
        file(
          "src/b.rs",
          "use std::sync::Arc;\nfn f() -> crate::c::C { todo!() }\n#[cfg(test)]\nmod tests { use crate::a; }",
        ),
        file("src/c.rs", ""),
      ],
      "src/",
    );
    expect(Object.fromEntries(uses)).toEqual({ "": [], a: ["b", "c"], "a::inner": ["c"], b: ["c"], c: [] });
    expect(circles(uses)).toEqual([]);
  });

  it("finds circles of Rust's modules, between a module and its child too", () => {
    const uses = moduleUses(
      [
        file("src/lib.rs", ""),
        file("src/a/mod.rs", "mod inner;\nfn f() { inner::g(); }\nuse inner::g;"),
        file("src/a/inner.rs", "use super::T;"),
        file("src/b.rs", "use crate::c::x;"),
        file("src/c.rs", "fn x() { crate::b::y() }"),
      ],
      "src/",
    );
    expect(circles(uses)).toEqual([
      ["a", "a::inner"],
      ["b", "c"],
    ]);
  });
});
