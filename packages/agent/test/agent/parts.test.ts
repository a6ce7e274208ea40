import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { Input } from "@antibody/core";
import { type AgentId, matchesAnyGlob } from "@antibody/policy";
import { expect, test } from "vitest";
import { keepBrokenRecording } from "../../src/agent/brokenRecordings.ts";
import { LateNetwork } from "../../src/agent/lateNetwork.ts";
import { listenChoices, rememberPort } from "../../src/agent/listenPort.ts";
import { NetworkOpening, type OpenNetwork } from "../../src/agent/networkOpening.ts";
import { deviceContexts, installedPaths, protectedGlobs } from "../../src/agent/surroundings.ts";
import type { Network } from "../../src/network/network.ts";
import { writtenPorts } from "../mind/script.ts";
import { scratchDirectory } from "../state/scratch.ts";

const peer = "agent_peer" as AgentId;

function network(said: string[]): Network {
  return {
    ...writtenPorts(said).network,
    addresses: () => ["/ip4/10.0.0.1/tcp/4001"],
    invite: () => Promise.resolve({ code: "code", expiresMs: 1 }),
    stop: () => Promise.resolve(void said.push("stop")),
  };
}

test("before the network is there, dials and capabilities wait for it, and messages fail", async () => {
  const fed: Input[] = [];
  const said: string[] = [];
  const late = new LateNetwork((input) => fed.push(input));
  late.dial(peer, ["/ip4/1.1.1.1/tcp/1"], "session", 500);
  late.dial(peer, ["/ip4/2.2.2.2/tcp/2"], "session", 500);
  late.dial("agent_other" as AgentId, [], "fresh", 500);
  late.dial("agent_gone" as AgentId, [], "session", 500);
  late.hangUp("agent_gone" as AgentId);
  late.serve([{ name: "api", port: 8080 }]);
  late.publishRumor({ type: "deaths", deaths: [] });
  late.send(peer, { type: "votes", votes: [] });
  await expect(late.openRoute(peer, "api", AbortSignal.abort())).rejects.toMatchObject({ code: "ENETDOWN" });
  expect(late.localPortOf("api")).toBe(8080);
  expect(late.localPortOf("other")).toBeUndefined();
  expect(fed).toEqual([{ type: "unsent", to: peer, message: "votes" }]);
  late.arrive(network(said));
  expect(fed.at(-1)).toEqual({ type: "addresses", addresses: ["/ip4/10.0.0.1/tcp/4001"] });
  expect(said).toEqual(["serve 1", `dial ${peer} session`, "dial agent_other fresh"]);
  late.send(peer, { type: "votes", votes: [] });
  expect(said.at(-1)).toBe(`send ${peer} votes`);
});

test("dials beyond the bound fail at once", () => {
  const fed: Input[] = [];
  const late = new LateNetwork((input) => fed.push(input));
  for (let n = 0; n < 257; n += 1) late.dial(`agent_${n}` as AgentId, [], "session", 1);
  expect(fed).toEqual([{ type: "dialed", peer: "agent_256", purpose: "session", result: "failed" }]);
});

function opening(open: OpenNetwork, told: string[]): NetworkOpening {
  const options = {} as Parameters<typeof open>[0];
  return new NetworkOpening(open, options, ({ name }) => told.push(name), [["/tcp/4001"], ["/tcp/0"]]);
}

test("where the remembered port is taken, another one is", async () => {
  const told: string[] = [];
  const tried: string[] = [];
  const opened = network([]);
  const way = opening(({ listen }) => {
    tried.push(...listen);
    return tried.length === 1 ? Promise.reject(new Error("taken")) : Promise.resolve(opened);
  }, told);
  way.begin();
  expect(await way.network).toBe(opened);
  expect(tried).toEqual(["/tcp/4001", "/tcp/0"]);
  expect(told).toEqual(["agent.networkFailed"]);
});

test("a network that comes after the agent was stopped is closed, and nobody waits for it", async () => {
  const said: string[] = [];
  const arrival = Promise.withResolvers<Network>();
  const way = opening(() => arrival.promise, []);
  way.begin();
  const given = way.giveUp();
  await expect(way.network).rejects.toThrow("stopping");
  arrival.resolve(network(said));
  await given;
  expect(said).toEqual(["stop"]);
});

test("giving up ends the tries", async () => {
  const told: string[] = [];
  const way = opening(() => Promise.reject(new Error("no interface")), told);
  way.begin();
  while (told.length < 2) await new Promise((turned) => setImmediate(turned));
  await way.giveUp();
  expect(told.length).toBe(2);
});

test("any port means the one of the last run, and is written only when it changes", () => {
  const path = join(scratchDirectory(), "port");
  const any = ["/ip4/0.0.0.0/tcp/0", "/ip6/::/tcp/0"];
  expect(listenChoices(any, path)).toEqual([any]);
  rememberPort(["/ip4/10.0.0.1/tcp/4001", "/ip6/::1/tcp/4001"], path);
  expect(listenChoices(any, path)).toEqual([["/ip4/0.0.0.0/tcp/4001", "/ip6/::/tcp/4001"], any]);
  expect(listenChoices(["/ip4/0.0.0.0/tcp/99"], path)).toEqual([["/ip4/0.0.0.0/tcp/99"]]);
  const { ino } = statSync(path);
  rememberPort(["/ip4/10.0.0.1/tcp/4001"], path);
  rememberPort([], path);
  expect(statSync(path).ino).toBe(ino);
});

test("no promise under the agent's root reaches the agent itself, by whatever path", () => {
  const root = scratchDirectory();
  const state = join(root, "var/state");
  mkdirSync(state, { recursive: true });
  symlinkSync(state, join(root, "link"));
  const globs = protectedGlobs(root, [join(root, "link"), "/elsewhere"]);
  for (const id of ["file:/var/state/journal.db", "directory:/var/state", "file:/link/agent.key"]) {
    expect(matchesAnyGlob(globs, id)).toBe(true);
  }
  expect(matchesAnyGlob(globs, "file:/var/statement")).toBe(false);
  expect(matchesAnyGlob(protectedGlobs("/", ["/var/lib/antibody"]), "file:/var/lib/antibody/tags")).toBe(
    true,
  );
});

test("no grant reaches the directories above the state either, whose owner could put another in its place", () => {
  const globs = protectedGlobs("/", ["/var/lib/antibody"]);
  for (const id of ["directory:/", "directory:/var", "directory:/var/lib", "file:/var/lib"]) {
    expect(matchesAnyGlob(globs, id)).toBe(true);
  }
  for (const id of ["directory:/var/log", "file:/var/lib/other", "directory:/va", "process:var"]) {
    expect(matchesAnyGlob(globs, id)).toBe(false);
  }
});

test("no grant reaches the unit that starts the agent, nor the program that it starts", () => {
  const globs = protectedGlobs("/", installedPaths({ HOME: "/home/pi" }));
  for (const path of [
    "/etc/systemd/system/antibody.service",
    "/etc/systemd/system/antibody.service.d/override.conf",
    "/etc/systemd/system/multi-user.target.wants/antibody.service",
    "/home/pi/.config/systemd/user/antibody.service",
    "/usr/local/bin/antibody",
  ]) {
    expect(matchesAnyGlob(globs, `file:${path}`)).toBe(true);
    expect(matchesAnyGlob(globs, `line:${path}#it`)).toBe(true);
  }
  for (const id of ["service:antibody.service", "package:antibody", "user:antibody", "sshkey:antibody/me"])
    expect(matchesAnyGlob(globs, id)).toBe(true);
  expect(matchesAnyGlob(globs, "file:/etc/systemd/system/sensor.service")).toBe(false);
});

test("contexts say what this device is", () => {
  const contexts = deviceContexts({ name: "kitchen", tags: ["greenhouse"] });
  expect(contexts).toMatchObject({ arch: process.arch, os: "linux", name: "kitchen", tags: ["greenhouse"] });
});

test("of broken agents' recordings the newest three stay", () => {
  const directory = scratchDirectory();
  const paths = [1, 2, 3, 4, 5].map((n) => keepBrokenRecording(directory, Uint8Array.of(n), n * 1_000));
  expect(readdirSync(directory).length).toBe(3);
  expect(paths.slice(2).map((path) => readFileSync(path)[0])).toEqual([3, 4, 5]);
});
