import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { multiaddr } from "@multiformats/multiaddr";
import { expect, test } from "vitest";
import { openNetwork } from "../../src/network/index.ts";
import { crypto, FakeKnowledge, found, memberOf, pair, Station } from "./swarm.ts";

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

test("the last words arrive before the connections end", async () => {
  const [left, right] = await pair();
  // The mesh stands when a first rumor has come through.
  const rumor = (n: number) => ({ type: "members", members: [memberOf(left.founded, [], n)] }) as const;
  const again = setInterval(() => left.network.publishRumor(rumor(2)), 20);
  await right.input("rumor").finally(() => clearInterval(again));
  right.clear();
  left.network.publishRumor(rumor(3));
  left.network.send(right.agent, { type: "want", members: [], policy: [] });
  await left.close();
  await right.input("disconnected");
  const heard = right.inputs.flatMap((input) =>
    input.type === "rumor" && input.rumor.type === "members"
      ? input.rumor.members.map(({ entry }) => entry.entry.incarnation[2])
      : [],
  );
  expect(heard).toContain(3);
  expect(right.inputs.some(({ type }) => type === "message")).toBe(true);
  await right.close();
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
