import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Inspection, Mind, resourceTypes } from "@antibody/core";
import { type AuthorId, createAuthor, type Grant, parseStreamName, sealBundle } from "@antibody/policy";
import { expect, onTestFinished, test } from "vitest";
import type { RunningAgent } from "../../src/agent/runningAgent.ts";
import { type StartOptions, startAgent } from "../../src/agent.ts";
import { controlClient } from "../../src/control/client.ts";
import { controlPaths } from "../../src/control/paths.ts";
import { temporaryName } from "../../src/device/resources/placing.ts";
import { readRecording } from "../../src/mind/recordingFormat.ts";
import { replay } from "../../src/mind/replay.ts";
import type { Network } from "../../src/network/network.ts";
import type { Feed, LogLine } from "../../src/ports.ts";
import { initSwarm, openAgentState } from "../../src/state/agentState.ts";
import { generateKey } from "../../src/state/keyFile.ts";
import { openMemoryDirectory, removeRuntimeFiles } from "../../src/state/memoryDirectory.ts";
import { nodeCrypto } from "../../src/state/nodeCrypto.ts";
import { StateError } from "../../src/state/stateError.ts";
import { writtenPorts } from "../mind/script.ts";
import { scratchDirectory } from "../state/scratch.ts";

const crypto = nodeCrypto();

interface Home {
  readonly state: string;
  readonly root: string;
}

function founded(): Home {
  const directory = scratchDirectory();
  const home = { state: join(directory, "state"), root: join(directory, "root") };
  mkdirSync(join(home.root, "etc"), { recursive: true });
  initSwarm({ state: home.state, name: "kitchen" }, crypto);
  return home;
}

/** A network without anybody in it. */
function emptyNetwork(said: string[]): Network {
  return {
    ...writtenPorts(said).network,
    addresses: () => ["/ip4/127.0.0.1/tcp/4001"],
    invite: () => Promise.resolve({ code: "code", expiresMs: 1 }),
    stop: () => Promise.resolve(void said.push("network stopped")),
  };
}

async function start(home: Home, change: Partial<StartOptions> = {}): Promise<RunningAgent> {
  const agent = await startAgent({
    ...home,
    build: "1.0.0",
    log: { write: () => undefined },
    // A device without a network: nothing of healing may wait for it.
    openNetwork: () => Promise.reject(new Error("no interface")),
    onBroken: (error) => {
      throw error;
    },
    ...change,
  });
  onTestFinished(() => agent.stop().catch(() => undefined));
  return agent;
}

/** An author with one stream, that publishes one file in it. */
function author(): {
  readonly grant: Grant;
  readonly root: Uint8Array;
  publish(generation: number, content: string): Uint8Array[];
} {
  const signer = generateKey();
  const created = createAuthor({ signer, nextPublicKeys: [generateKey().publicKey], crypto });
  const stream = parseStreamName("home");
  if (stream === undefined) throw new Error("home is a stream");
  return {
    root: created.bytes,
    grant: {
      author: created.author as AuthorId,
      scope: ["file:/etc/**"],
      rank: 1,
      mode: "enforce",
      powers: [],
      bytesMax: 1_000_000,
    },
    publish: (generation, content) => {
      const promises = { "file:/etc/motd": { content } } as never;
      const bundle = sealBundle({
        ...{ author: created.author, stream, epoch: 1, generation, signer, crypto },
        documents: [{ name: "motd", promises }],
      });
      return [...bundle.fragments, bundle.manifest];
    },
  };
}

async function offerAll(agent: RunningAgent, envelopes: readonly Uint8Array[]): Promise<void> {
  for (const bytes of envelopes) expect(await agent.offer(bytes)).toMatchObject({ type: "accepted" });
}

function contentIs(path: string, content: string): Promise<void> {
  return expect.poll(() => readFileSync(path, "utf8"), { interval: 2 }).toBe(content);
}

test("an agent without a network heals, says what it does, and its recording replays to the bit", async () => {
  const home = founded();
  const agent = await start(home);
  const motd = join(home.root, "etc/motd");
  const { grant, root, publish } = author();
  await offerAll(agent, [root]);
  expect(await agent.command({ type: "grant", grant })).toMatchObject({ type: "ok" });
  await offerAll(agent, publish(1, "hello\n"));
  await contentIs(motd, "hello\n");
  writeFileSync(motd, "damaged");
  await contentIs(motd, "hello\n");
  await expect.poll(() => agent.inspect().resources[0]?.phase).toBe("kept");
  expect(agent.recentLog().map(({ event }) => event)).toEqual(
    expect.arrayContaining(["agent.started", "policy.accepted", "policy.activated", "resource.repaired"]),
  );
  const recording = readRecording(agent.recording());
  expect(recording.steps.length).toBeGreaterThan(8);
  const replayed = replay(recording, { crypto, resourceTypes, restore: Mind.restore });
  expect(replayed).toEqual({ stepCount: recording.steps.length });
  await agent.stop();
});

test("a recording that begins in the middle of a life replays to the bit", async () => {
  const home = founded();
  const agent = await start(home, { recordingBytesMax: 16_000 });
  const { grant, root, publish } = author();
  await offerAll(agent, [root]);
  await agent.command({ type: "grant", grant });
  for (let generation = 1; generation <= 8; generation += 1) {
    await offerAll(agent, publish(generation, `${generation}\n`));
    await contentIs(join(home.root, "etc/motd"), `${generation}\n`);
    const recording = readRecording(agent.recording());
    const replayed = replay(recording, { crypto, resourceTypes, restore: Mind.restore });
    expect(replayed).toEqual({ stepCount: recording.steps.length });
  }
  expect(readRecording(agent.recording()).steps[0]?.input.type).not.toBe("started");
  await agent.stop();
});

test("what the owner decided survives a restart without a network: grant, floor, pause, policy", async () => {
  const home = founded();
  const motd = join(home.root, "etc/motd");
  const { grant, root, publish } = author();
  const first = await start(home);
  await offerAll(first, [root]);
  await first.command({ type: "grant", grant });
  await offerAll(first, publish(2, "two\n"));
  await contentIs(motd, "two\n");
  await first.command({ type: "pause", target: "*", reason: "painting", forMs: 3_600_000 });
  await first.stop();
  writeFileSync(motd, "damaged");
  const second = await start(home);
  const older = await second.offer(publish(1, "one\n")[0] ?? Uint8Array.of());
  expect(older).toMatchObject({ type: "rejection", reason: "olderGeneration" });
  const inspection: Inspection = second.inspect();
  expect(inspection.grants).toEqual([grant]);
  expect(inspection.pauses).toMatchObject([{ target: "*", reason: "painting" }]);
  await expect.poll(() => second.inspect().resources[0]?.drift).toBeDefined();
  expect(readFileSync(motd, "utf8")).toBe("damaged");
  await second.command({ type: "resume", target: "*" });
  await contentIs(motd, "two\n");
  await second.stop();
});

test("what an agent finds damaged at its start is healed before it opens the network", async () => {
  const home = founded();
  const motd = join(home.root, "etc/motd");
  const { grant, root, publish } = author();
  const first = await start(home);
  await offerAll(first, [root]);
  await first.command({ type: "grant", grant });
  await offerAll(first, publish(1, "one\n"));
  await contentIs(motd, "one\n");
  await first.stop();
  writeFileSync(motd, "damaged");
  const found: string[] = [];
  const openNetwork = (): Promise<Network> => {
    found.push(readFileSync(motd, "utf8"));
    return Promise.resolve(emptyNetwork([]));
  };
  const second = await start(home, { openNetwork, firstRepairsMsMax: 60_000 });
  await second.listening();
  expect(found).toEqual(["one\n"]);
  await second.stop();
});

test("a killed agent has lost nothing: what it decided, what it repaired, and what it recorded", async () => {
  const home = founded();
  onTestFinished(() => removeRuntimeFiles(home.state));
  const killed = spawn(process.execPath, [join(import.meta.dirname, "runAgent.ts"), home.state, home.root]);
  onTestFinished(() => void killed.kill("SIGKILL"));
  await once(killed.stdout, "data");
  const client = controlClient(controlPaths(home.state));
  const { grant, root, publish } = author();
  for (const bytes of [root, ...publish(1, "one\n")]) {
    expect(await client.offer(bytes)).toMatchObject({ type: "accepted" });
  }
  await client.command({ type: "grant", grant });
  const motd = join(home.root, "etc/motd");
  await contentIs(motd, "one\n");
  await expect.poll(async () => (await client.inspect()).resources[0]?.phase).toBe("kept");
  killed.kill("SIGKILL");
  await once(killed, "exit");
  writeFileSync(motd, "damaged while nobody looked");
  const agent = await start(home);
  await contentIs(motd, "one\n");
  expect(agent.inspect().grants).toEqual([grant]);
  const left = readFileSync(join(openMemoryDirectory(home.state) ?? "", "killed.recording"));
  const recording = readRecording(left);
  expect(recording.steps.some(({ input }) => input.type === "outcome")).toBe(true);
  expect(replay(recording, { crypto, resourceTypes, restore: Mind.restore }).firstDifference).toBeUndefined();
  await agent.stop();
});

test("the half of a file that a killed agent left is removed at the next start, whoever mended the file", async () => {
  const home = founded();
  const etc = join(home.root, "etc");
  const half = join(etc, temporaryName("/etc/motd"));
  writeFileSync(half, "ha");
  const { journal, close } = openAgentState(home.state, crypto, 0);
  const intents = ["/etc/motd", "/gone/motd"].map((path, index) => ({
    key: `intent/1-${index}`,
    value: { v: 1, resource: `file:${path}`, verb: "write", wallMs: 0 },
  }));
  journal.persist("batched", intents);
  close();
  const agent = await start(home);
  expect(readdirSync(etc)).toEqual([]);
  await agent.stop();
});

test("a second run is refused, and the first one does not notice", async () => {
  const home = founded();
  const agent = await start(home);
  await expect(start(home)).rejects.toBeInstanceOf(StateError);
  expect(agent.inspect().name).toBe("kitchen");
  await agent.stop();
  const again = await start(home);
  await again.stop();
});

test("an end gives everything back, by whomever it was asked for", async () => {
  const home = founded();
  const said: string[] = [];
  const agent = await start(home, { openNetwork: () => Promise.resolve(emptyNetwork(said)) });
  expect(await agent.listening()).toEqual(["/ip4/127.0.0.1/tcp/4001"]);
  const sockets = controlPaths(home.state);
  const client = controlClient(sockets);
  expect((await client.inspect()).name).toBe("kitchen");
  await client.stop();
  await agent.ended;
  expect(said.at(-1)).toBe("network stopped");
  expect(said).toContain("publishRumor members");
  expect(existsSync(sockets.control)).toBe(false);
  expect(existsSync(sockets.read)).toBe(false);
  openAgentState(home.state, crypto, 0).close();
  expect(readdirSync(home.state).filter((name) => name.includes("-wal"))).toEqual([]);
});

test("a broken invariant ends the agent with its evidence on disk", async () => {
  const home = founded();
  const broken: unknown[] = [];
  const lines: LogLine[] = [];
  let feed: Feed = () => undefined;
  const agent = await start(home, {
    onBroken: (error) => broken.push(error),
    openNetwork: (options) => {
      feed = options.feed;
      return Promise.resolve(emptyNetwork([]));
    },
  });
  agent.onLog((line) => lines.push(line));
  await agent.listening();
  feed({ type: "nonsense" } as never);
  await expect.poll(() => broken.length).toBe(1);
  const line = lines.find(({ event }) => event === "agent.broken");
  const recording = readRecording(readFileSync(String(line?.["recording"])));
  expect(recording.steps.at(-1)).toMatchObject({ input: { type: "nonsense" }, outputs: undefined });
  await agent.stop();
});
