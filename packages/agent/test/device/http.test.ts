import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { Rig, until } from "./rig.ts";

async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describe("a probe", () => {
  test("tells status and time, and asks on a connection of its own", async () => {
    const connections = new Set<unknown>();
    const port = await serve((request, response) => {
      connections.add(request.socket);
      response.writeHead(request.url === "/health" ? 204 : 503).end();
    });
    const rig = new Rig();
    const good = rig.promise("http:good", { url: `http://127.0.0.1:${port}/health` });
    const bad = rig.promise("http:bad", { url: `http://127.0.0.1:${port}/other` });
    await rig.kept(good);
    await until("answered", () => rig.observation(bad)?.["status"] === 503);
    expect(rig.observation(good)).toEqual({ type: "answered", status: 204, tookMs: expect.any(Number) });
    expect(connections.size).toBe(2);
  });

  test("reads no endless answer", async () => {
    let closed = false;
    const port = await serve((_request, response) => {
      response.writeHead(200);
      const more = (): void => {
        while (!response.destroyed && response.write("x".repeat(10_000)));
      };
      response.on("drain", more);
      response.on("close", () => {
        closed = true;
      });
      more();
    });
    const rig = new Rig();
    await rig.kept(rig.promise("http:endless", { url: `http://127.0.0.1:${port}/` }));
    await until("the connection is closed", () => closed);
  });

  test("fails with the code when nobody listens", async () => {
    const port = await serve(() => {});
    const rig = new Rig();
    const id = rig.promise("http:none", { url: `http://127.0.0.1:${port === 1 ? 2 : 1}/` });
    await until("failed", () => rig.observation(id)?.["error"] === "ECONNREFUSED");
  });

  test("fails after its time when nobody answers", async () => {
    const port = await serve(() => {});
    const rig = new Rig();
    const id = rig.promise("http:slow", { url: `http://127.0.0.1:${port}/`, timeout: "100ms" });
    await until("failed", () => rig.observation(id)?.["error"] === "no answer within 100 ms");
  });

  test("that is asked for faster than it answers is told nevertheless", async () => {
    const port = await serve((_request, response) => {
      setTimeout(() => response.end("late"), 50);
    });
    const rig = new Rig();
    const id = rig.promise("http:slow", { url: `http://127.0.0.1:${port}/` });
    const asking = setInterval(() => rig.device.observe(id), 5);
    onTestFinished(() => clearInterval(asking));
    await until("told three times", () => rig.inputs.filter(({ type }) => type === "observed").length >= 3);
  });

  test("ends when the promise is withdrawn", async () => {
    let closed = false;
    let asked = false;
    const port = await serve((_request, response) => {
      asked = true;
      response.on("close", () => {
        closed = true;
      });
    });
    const rig = new Rig();
    const id = rig.promise("http:slow", { url: `http://127.0.0.1:${port}/`, timeout: "1h" });
    await until("asked", () => asked);
    rig.withdraw(id);
    await until("closed", () => closed);
    expect(rig.inputs).toEqual([]);
  });
});
