import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeEach, expect, it } from "vitest";
import { ImageReader, readArray, readBytes, writeImage } from "../../ts/io/index.js";
import { init } from "../../ts/runtime/index.js";
import { webPlatform } from "../../ts/runtime/web/index.js";
import { tensor } from "../../ts/tensor/index.js";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

await init({ device: "cpu" });
const folder = await mkdtemp(join(tmpdir(), "adjoint-remote-"));
const stack = join(folder, "stack.tif");
const values = Float32Array.from({ length: 4 * 700 * 800 }, (_, i) => (i * 2654435761) % 997);
await writeImage(stack, tensor(values, { shape: [4, 1, 700, 800] }));
const content = await readFile(stack);

/** What the server does with a request before it answers; true where it has answered. */
let first: (request: IncomingMessage, response: ServerResponse) => boolean;
let asked: string[];
let version = 0;
beforeEach(() => {
  first = () => false;
  asked = [];
  version += 1;
});

const server: Server = createServer((request, response) => {
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
  asked.push(request.headers.range ?? "");
  if (first(request, response)) return;
  if (!range) return void response.end(content);
  const [begin, last] = [Number(range[1]), Math.min(Number(range[2]), content.length - 1)];
  response.writeHead(206, { "Content-Range": `bytes ${begin}-${last}/${content.length}`, ETag: `"${version}"` });
  response.end(content.subarray(begin, last + 1));
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/stack.tif?signature=secret`;
afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

const answer = (response: ServerResponse, status: number): boolean => {
  response.writeHead(status).end();
  return true;
};

it("reads a page of a stack by ranges, and what was read once not again", async () => {
  const reader = await ImageReader.open(address);
  expect(reader.pages).toBe(4);
  const { data } = await reader.read(2);
  expect(Buffer.compare(Buffer.from(data.buffer), Buffer.from((await local(2)).buffer))).toBe(0);
  const fetched = asked.length;
  expect(asked).not.toContain("");
  await reader.read(2);
  // Opened again, the file is asked for its version; its blocks are there.
  expect(asked.slice(fetched)).toEqual(["bytes=0-1048575"]);
});

const local = async (page: number): Promise<Float32Array> => (await (await ImageReader.open(stack)).read(page)).data;

it("reads the whole file, also of a server without ranges", async () => {
  expect(Buffer.compare(await readBytes(address), content)).toBe(0);
  first = (_, response) => {
    response.end(content);
    return true;
  };
  expect(Buffer.compare(await readBytes(address), content)).toBe(0);
});

it("asks again where the server is busy or breaks the connection", async () => {
  let failures = 0;
  first = (request, response) => {
    failures += 1;
    if (failures === 1) return answer(response, 503);
    if (failures === 2) request.socket.destroy();
    return failures <= 2;
  };
  expect(Buffer.compare(await readBytes(address), content)).toBe(0);
  expect(failures).toBeGreaterThan(2);
});

it("refuses a file that is replaced while it is read, without the signature of its address", async () => {
  first = () => {
    version += 1;
    return false;
  };
  const error = await readBytes(address).catch((thrown: Error) => thrown);
  expect(error).toMatchObject({ code: "file_unreadable", message: expect.stringContaining("was changed") });
  expect(String(error)).not.toContain("secret");
});

it.each([
  [404, "file_not_found"],
  [403, "file_unreadable"],
])("says what a server answers: %d", async (status, code) => {
  first = (_, response) => answer(response, status);
  await expect(readArray(address)).rejects.toMatchObject({ name: "ArgumentError", code });
  // Such an answer stays.
  expect(asked).toHaveLength(1);
});

it("a page reads by ranges too, and whole where a server does not show them to pages", async () => {
  const opened = await webPlatform.openFile(address);
  expect(opened.size).toBe(content.length);
  expect(Buffer.compare(await opened.read(5_000_000, 5_000_100), content.subarray(5_000_000, 5_000_100))).toBe(0);
  expect(asked).toEqual(["bytes=0-1048575", "bytes=4194304-5242879"]);
  first = (request, response) => {
    if (request.headers.range === undefined) return false;
    response.writeHead(206).end(content.subarray(0, 1 << 20));
    return true;
  };
  const whole = await webPlatform.openFile(address);
  expect(Buffer.compare(await whole.read(0, whole.size), content)).toBe(0);
});

it("reads no more of an answer than it can use", async () => {
  first = (_, response) => {
    response.writeHead(200, { "Content-Length": 2 ** 31 }).write(content.subarray(0, 1000));
    return true;
  };
  const message = expect.stringMatching(/^http.*stack\.tif: the server sends the whole file, of more than 1 GiB/);
  await expect(readBytes(address)).rejects.toMatchObject({ code: "file_unreadable", message });
  // More than the part that was asked for, without end.
  first = (_, response) => {
    response.writeHead(206, { "Content-Range": `bytes 0-1048575/${content.length}` });
    const send = (): void => void response.write(content, (error) => void (error ?? send()));
    send();
    return true;
  };
  await expect(readBytes(address)).rejects.toMatchObject({ message: expect.stringContaining("other bytes") });
});

it("keeps nothing of a file whose version the server does not say", async () => {
  let value = 1;
  first = (request, response) => {
    const [begin, last] = (request.headers.range ?? "").match(/\d+/g)!.map(Number) as [number, number];
    const size = 2 << 20;
    const part = Buffer.alloc(Math.min(last + 1, size) - begin, value);
    response.writeHead(206, { "Content-Range": `bytes ${begin}-${begin + part.length - 1}/${size}` }).end(part);
    return true;
  };
  expect((await readBytes(address)).at(-1)).toBe(1);
  value = 2;
  expect((await readBytes(address)).at(-1)).toBe(2);
});

it("an empty file is one, and an address without a server an error", async () => {
  first = (_, response) => {
    response.writeHead(416, { "Content-Range": "bytes */0" }).end();
    return true;
  };
  expect(await readBytes(address)).toHaveLength(0);
  for (const wrong of ["http://[", "http://127.0.0.1:1/x.npy"])
    await expect(readBytes(wrong)).rejects.toMatchObject({ name: "ArgumentError" });
});
