import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { train } from "../../ts/index.js";

const page = await readFile(fileURLToPath(new URL("../../docs/loggers.md", import.meta.url)), "utf8");
const program = /```ts\n([\s\S]*?)```/.exec(page)?.[1] ?? "";

describe("docs/loggers.md", () => {
  let folder: string;
  let mlflowLogger: (server: string, experiment?: string) => train.Logger;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "adjoint-loggers-"));
    const file = join(folder, "mlflow.ts");
    await writeFile(file, program);
    ({ mlflowLogger } = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as {
      mlflowLogger: typeof mlflowLogger;
    });
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("the logger for MLflow makes the requests of its HTTP interface", async () => {
    const requests: [string | undefined, Record<string, unknown>][] = [];
    const server = createServer((request, response) => {
      let body = "";
      request.on("data", (part) => (body += String(part)));
      request.on("end", () => {
        requests.push([request.url, JSON.parse(body) as Record<string, unknown>]);
        response.statusCode = body.includes("refuse") ? 400 : 200;
        response.end(request.url?.endsWith("create") ? '{"run":{"info":{"run_id":"r1"}}}' : "{}");
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const log = mlflowLogger(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, "7");
      await log.start?.(0, {});
      await log.scalars(10, { "train/loss": 0.5, "eval/NMSE": NaN });
      await expect(log.scalars(11, { refuse: 1 })).rejects.toThrow("answers 400");
      await log.close?.();
    } finally {
      server.close();
    }
    const time = expect.any(Number) as number;
    expect(requests).toEqual([
      ["/api/2.0/mlflow/runs/create", { experiment_id: "7", start_time: time }],
      [
        "/api/2.0/mlflow/runs/log-batch",
        { run_id: "r1", metrics: [{ key: "train/loss", value: 0.5, step: 10, timestamp: time }] },
      ],
      ["/api/2.0/mlflow/runs/log-batch", expect.objectContaining({ run_id: "r1" })],
      ["/api/2.0/mlflow/runs/update", { run_id: "r1", status: "FINISHED", end_time: time }],
    ]);
  });
});
