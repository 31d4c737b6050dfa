import { describe, expect, it } from "vitest";
import { PickleGlobal, type PickleNames, readPickle } from "../../ts/formats/pickle.js";
import { torchNames } from "../../ts/formats/torch-names.js";

const names: PickleNames = {
  global: (name) => (name === "m.pair" ? new PickleGlobal(name, (args) => [...args]) : undefined),
  persistent: (id) => ["stored", id],
  build: () => undefined,
};
/** Bytes of text and numbers. */
const bytes = (...parts: (string | number)[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === "number" ? [part] : [...part].map((c) => c.charCodeAt(0)))));
const read = (...parts: (string | number)[]) => readPickle(bytes(0x80, 2, ...parts), names).value;

describe("readPickle", () => {
  it("reads plain values, as pickletools describes their opcodes", () => {
    expect(read("N.")).toBe(null);
    expect(read(0x88, ".")).toBe(true);
    expect(read("K", 200, ".")).toBe(200);
    expect(read("M", 1, 2, ".")).toBe(513);
    expect(read("J", 0xfe, 0xff, 0xff, 0xff, ".")).toBe(-2);
    expect(read("G", 0x3f, 0xf8, 0, 0, 0, 0, 0, 0, ".")).toBe(1.5);
    expect(read(0x8a, 0, ".")).toBe(0);
    expect(read(0x8a, 1, 0xff, ".")).toBe(-1);
    expect(read(0x8a, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1, ".")).toBe(2n ** 64n);
    expect(read("X", 2, 0, 0, 0, "ab.")).toBe("ab");
    expect(read("U", 1, "a.")).toBe("a");
    expect(read("(K", 1, "K", 2, "t.")).toEqual([1, 2]);
    expect(read("K", 1, "K", 2, "K", 3, 0x87, ".")).toEqual([1, 2, 3]);
    expect(read("]q", 0, "(K", 1, "K", 2, "eK", 3, "a.")).toEqual([1, 2, 3]);
    expect(read("}(X", 1, 0, 0, 0, "aK", 1, "uX", 1, 0, 0, 0, "bNs.")).toEqual(
      new Map<string, unknown>([
        ["a", 1],
        ["b", null],
      ]),
    );
    expect(read("cm\npair\nK", 1, "K", 2, 0x86, "R.")).toEqual([1, 2]);
    expect(read("K", 5, "Q.")).toEqual(["stored", 5]);
    expect(read("K", 7, "q", 3, "0h", 3, ".")).toBe(7);
  });

  it("reads a value that holds itself", () => {
    const list = read("]q", 0, "h", 0, "a.") as unknown[];
    expect(list[0]).toBe(list);
  });

  it.each([
    ["a global that is not known", ["cos\nsystem\n."], "file_unsupported", "os.system"],
    [
      "one named from the stack",
      ["X", 2, 0, 0, 0, "os", "X", 6, 0, 0, 0, "system", 0x93, "."],
      "file_unsupported",
      "os.system",
    ],
    ["an instance by name", ["(ios\nsystem\n."], "file_unsupported", "0x69"],
    ["an extension", [0x82, 1, "."], "file_unsupported", "0x82"],
    ["an old protocol's opcode", ["I12\n."], "file_unsupported", "0x49"],
    ["a call of a value", ["K", 1, ")R."], "file_invalid", "call"],
    ["an empty stack", ["."], "file_invalid", "missing"],
    ["a mark in the place of a value", ["(."], "file_invalid", "missing"],
    ["no mark", ["K", 1, "t."], "file_invalid", "mark"],
    ["an unknown reference", ["h", 9, "."], "file_invalid", "refers"],
    ["an end within a text", ["X", 255, 255, 255, 127, "a"], "file_invalid", "ends"],
    ["an end within a line", ["cos"], "file_invalid", "ends"],
    ["no end", ["N"], "file_invalid", "ends"],
    ["items of what is no dictionary", ["K", 1, "K", 2, "K", 3, "s."], "file_invalid", "dictionary"],
    ["a vast integer", [0x8b, 255, 255, 0, 0, "."], "file_unsupported", "65535 bytes"],
  ] as [string, (string | number)[], string, string][])("refuses %s", (_, parts, code, text) => {
    expect(() => read(...parts)).toThrow(
      expect.objectContaining({ name: "FormatError", code, message: expect.stringContaining(text) as string }) as Error,
    );
  });

  it("refuses another protocol", () => {
    expect(() => readPickle(bytes(0x80, 6, "N."), names)).toThrow(/protocol 6/);
  });

  it("refuses a file that copies one container again and again", () => {
    const items = Array.from({ length: 2000 }, () => "]").join("");
    const copies = Array.from({ length: 2000 }, () => `cbuiltins\nlist\nh\0\x85R0`).join("");
    expect(() => readPickle(bytes(0x80, 2, "]q", 0, "(", items, "e", copies, "."), torchNames)).toThrow(/copied/);
  });
});
