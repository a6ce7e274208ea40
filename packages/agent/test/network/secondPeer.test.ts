import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { RunningAgent } from "../../src/agent/runningAgent.ts";
import { startAgent } from "../../src/agent.ts";
import type { LogLine } from "../../src/ports.ts";
import { initSwarm } from "../../src/state/agentState.ts";
import { nodeCrypto } from "../../src/state/nodeCrypto.ts";
import { scratchDirectory } from "../state/scratch.ts";
import { certified, directoryDigest, SecondPeer } from "./secondPeer.ts";

const open: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.stop();
});

async function agent(lines: LogLine[]): Promise<RunningAgent> {
  const directory = scratchDirectory();
  const home = { state: join(directory, "state"), root: join(directory, "root") };
  mkdirSync(home.root);
  initSwarm({ state: home.state, name: "kitchen" }, nodeCrypto());
  const running = await startAgent({
    ...home,
    build: "1.0.0",
    listen: ["/ip4/127.0.0.1/tcp/0"],
    log: { write: (text) => void lines.push(JSON.parse(text) as LogLine) },
  });
  open.push(running);
  await running.listening();
  return running;
}

test("who has read the protocol's page alone joins, says hello, answers probes, and is heard", async () => {
  const lines: LogLine[] = [];
  const kitchen = await agent(lines);
  const invited = await kitchen.invite({ expiresInMs: 60_000, mayInvite: false });
  if (!("code" in invited)) throw new Error(invited.message);

  const second = new SecondPeer("second");
  open.unshift(second);
  await second.join(invited.code);
  const enrolled = lines.find(({ event }) => event === "network.enrolled");
  expect(enrolled).toMatchObject({ peer: second.key.agent, name: "second", sas: second.membership.digits });
  expect(certified(second.membership.chain.at(-1) ?? new Uint8Array())).toMatchObject({
    name: "second",
    serial: 1,
  });

  await second.hello(await kitchen.listening());
  const seen = () => kitchen.inspect().members.find(({ name }) => name === "second");
  // Its probes are answered, and it answers theirs: it is in reach, and stays so.
  await expect.poll(() => second.heard.some(({ type }) => type === "probe")).toBe(true);
  await expect.poll(() => seen()).toMatchObject({ verdict: "reachable", connected: true, build: "second" });
  const ackOf = (sequence: number) =>
    second.heard.find((said) => said["type"] === "ack" && said["sequence"] === sequence);
  await second.say({ type: "probe", sequence: 77, digests: second.digests });
  await expect.poll(() => ackOf(77)).toBeDefined();
  const { incarnation, digests } = ackOf(77) as {
    incarnation: [number, number, number];
    digests: { members: Uint8Array };
  };
  expect(incarnation).toEqual(kitchen.inspect().incarnation);
  const both = [
    [kitchen.inspect().agent, incarnation],
    [second.key.agent, second.incarnation],
  ] as const;
  expect(Buffer.from(digests.members).toString("hex")).toBe(directoryDigest(both));

  await expect.poll(() => second.neighbors).toBe(1);
  await second.announce(["tea"]);
  await expect.poll(() => seen()?.capabilities).toEqual(["tea"]);
  expect(seen()?.incarnation).toEqual(second.incarnation);
  expect(lines.filter(({ event }) => /banned|refused|ignored/.test(event))).toEqual([]);
});
