import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { multiaddr } from "@multiformats/multiaddr";
import { expect, test } from "vitest";
import { openNetwork } from "../../src/network/index.ts";
import { crypto, FakeKnowledge, found, pair, Station } from "./swarm.ts";

test("a stopped network leaves nothing that keeps the process alive", async () => {
  const program = fileURLToPath(new URL("./stopping.program.ts", import.meta.url));
  const child = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "pipe"] });
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "exit"),
  ]);
  expect([errors, output, code]).toEqual(["", "stopped\n", 0]);
});

test("a stopped network feeds nothing more, and its port is free", async () => {
  const [left, right] = await pair();
  left.clear();
  const components = multiaddr(left.network.addresses()[0] ?? "").getComponents();
  const port = Number(components.find(({ name }) => name === "tcp")?.value);
  await left.close();
  await left.close();
  await right.close();
  expect(left.inputs).toEqual([]);
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  server.close();
});

test("a port that is taken is told, and nothing is left open", async () => {
  const station = await new Station(found()).open();
  const { charter, key, certificate } = found();
  const opening = openNetwork({
    key,
    charter,
    certificate,
    crypto,
    knowledge: new FakeKnowledge(),
    listen: station.network.addresses(),
    feed: () => undefined,
    tell: () => undefined,
  });
  await expect(opening).rejects.toThrow(/EADDRINUSE|listen/);
  await station.close();
});
