import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";

const root = new URL("../../", import.meta.url);
const read = async (path: string): Promise<string> => await readFile(new URL(path, root), "utf8");
const page = await read("docs/clusters.md");
const image = /```dockerfile\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
const yaml = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? "";

describe("the image of docs/clusters.md", () => {
  it("has the Rust and a Node that the project is built with, and calls scripts that it has", async () => {
    const channel = /channel = "(.*)"/.exec(await read("rust-toolchain.toml"))?.[1];
    expect(image).toContain(`--default-toolchain ${channel}\n`);
    const { scripts, engines, bin } = JSON.parse(await read("package.json")) as {
      scripts: Record<string, string>;
      engines: { node: string };
      bin: { adjoint: string };
    };
    for (const [, name] of image.matchAll(/npm run ([\w:]+)/g)) expect(scripts).toHaveProperty([name as string]);
    const nodes = [...image.matchAll(/FROM node:(\d+)/g)].map(([, major]) => Number(major));
    expect(nodes).toEqual([nodes[0], nodes[0]]);
    expect(nodes[0]).toBeGreaterThanOrEqual(Number(/\d+/.exec(engines.node)?.[0]));
    const main = `/adjoint/${bin.adjoint.replace(/^\.\//, "")}`;
    expect(image).toContain(`ENTRYPOINT ["node", "${main}"]`);
    expect(yaml).toContain(main);
  });

  it("installs what the add-on for MPI is built with and runs with, by the names of Debian", async () => {
    const [built, run] = [...image.matchAll(/--no-install-recommends ([a-z0-9 -]+)/g)].map(([, names]) => names);
    const needed = /Debian: ([a-z- ]+);/.exec(await read("scripts/build-mpi.mjs"))?.[1]?.split(" ") ?? [];
    expect(needed).toHaveLength(3);
    for (const name of needed) expect(`${built} ${run}`.split(" ")).toContain(name);
  });
});
