import type { ResourcePromise } from "@antibody/policy";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Observation, ResourceType } from "../../src/contract/resource.ts";
import { keyedDigest, parseDuration, readListenAddress, resourceTypes } from "../../src/resources/index.ts";
import { formatDuration } from "../../src/resources/parts/duration.ts";
import { digestKey, digestOf, testCrypto } from "../healing/bench.ts";

const context = { digest: (bytes: Uint8Array): string => keyedDigest(testCrypto, digestKey, bytes) };

function typeOf(kind: string): ResourceType {
  const type = resourceTypes.find((each) => each.kind === kind);
  if (type === undefined) throw new Error(`no type ${kind}`);
  return type;
}

const refused: readonly (readonly [string, string, ResourcePromise, readonly string[], string])[] = [
  ["file", "motd", {}, [], "absolute path"],
  ["file", "/etc/motd", { content: 3 }, ["content"], "expected string"],
  ["file", "/etc/motd", { mode: "644" }, ["mode"], "four octal digits"],
  ["file", "/etc/motd", { owner: "root:adm:x" }, ["owner"], "user or user:group"],
  ["file", "/etc/motd", { contents: "x" }, ["contents"], "unknown field"],
  ["file", "/etc/motd", { absent: true, content: "x" }, [], "absent excludes"],
  ["file", "/etc/motd", { absent: false }, ["absent"], "expected true"],
  ["file", "/etc/motd", { after: ["motd"] }, ["after", "0"], "expected a resource"],
  ["file", "/etc/motd", { every: "1ms" }, ["every"], "100ms"],
  ["file", "/etc/motd", { timeout: "10" }, ["timeout"], "duration"],
  ["file", "/etc/motd", { poll: "1ms" }, ["poll"], "100ms"],
  ["file", "/etc/motd", { retry: 0 }, ["retry"], "at least 1"],
  ["file", "/etc/motd", { priority: 10 }, ["priority"], "at most 9"],
  ["file", "/etc/motd", { limit: { repairs: 3 } }, ["limit", "per"], "expected string"],
  ["file", "/etc/motd", { backoff: { jitter: "half" } }, ["backoff", "jitter"], "full or none"],
  ["file", "/etc/motd", { window: { from: "2:00", to: "04:00" } }, ["window", "from"], "02:30"],
  ["file", "/etc/motd", { window: { from: "02:00", to: "02:00" } }, ["window"], "never open"],
  [
    "file",
    "/etc/motd",
    { window: { from: "02:00", to: "04:00", days: [] } },
    ["window", "days"],
    "at least 1",
  ],
  ["file", "/etc/motd", { disturbs: ["file:/etc/motd"] }, ["disturbs", "0"], "expected a role"],
  ["file", "/etc/motd", { onRepair: ["web"] }, ["onRepair", "0"], "expected a resource"],
  ["directory", "/srv", { absent: true, mode: "0755" }, [], "absent excludes"],
  ["process", "sensor", {}, ["command"], "missing"],
  ["process", "sensor", { command: [] }, ["command"], "at least 1"],
  ["process", "sensor", { command: "/bin/sh" }, ["command"], "expected array"],
  ["process", "sensor", { command: [""] }, ["command"], "path of a program"],
  ["process", "sensor", { command: ["a\0b"] }, ["command", "0"], "NUL"],
  ["process", "sensor", { command: ["a"], cwd: "srv" }, ["cwd"], "absolute path"],
  ["process", "sensor", { command: ["a"], env: { "A=B": "x" } }, ["env", "A=B"], "variable"],
  ["process", "a/b", { command: ["a"] }, [], "the name must be"],
  ["command", "schema", { check: ["a"], apply: ["b"] }, ["timeout"], "missing"],
  ["http", "sensor", { url: "ftp://x" }, ["url"], "http or https"],
  ["http", "sensor", { url: "http://x", status: 99 }, ["status"], "at least 100"],
  ["capability", "api", { port: 0 }, ["port"], "at least 1"],
  ["capability", "api", { port: 8080.5 }, ["port"], "expected"],
  ["capability", "api", { port: 80, while: ["sensor"] }, ["while", "0"], "expected a resource"],
  ["process", "web", { command: ["a"], while: ["file:/etc/motd"] }, ["while", "0"], "expected a role"],
  ["role", "web", {}, ["count"], "missing"],
  ["role", "web", { count: 0 }, ["count"], "at least 1"],
  ["role", "web", { count: 33 }, ["count"], "at most 32"],
  ["role", "web", { count: 1, returnAfter: "soon" }, ["returnAfter"], "expected a duration"],
  ["role", "web", { count: 1, while: ["role:other"] }, ["while"], "unknown field"],
  ["role", "a".repeat(49), { count: 1 }, [], "the name must be"],
  ["route", "api", { listen: "0.0.0.0:80" }, ["listen"], "loopback"],
  ["route", "api", { listen: "127.0.0.1:0" }, ["listen"], "loopback"],
  ["route", "api", { listen: "127.0.0.1:65536" }, ["listen"], "loopback"],
  ["route", "api", { listen: "127.0.0.256:80" }, ["listen"], "loopback"],
  ["agent", "other", {}, [], "must be self"],
  ["container", "web", {}, [], "either image or absent"],
  ["container", "web", { image: "-x" }, ["image"], "expected an image"],
  ["container", "web", { image: "nginx", ports: ["80"] }, ["ports", "0"], "host:container"],
  ["container", "web", { image: "nginx", volumes: ["www:/www"] }, ["volumes", "0"], "/device:/container"],
  ["foreign", "cron", {}, [], "program or cgroup"],
  ["foreign", "cron", { program: "bin/cron" }, ["program"], "absolute path"],
  ["foreign", "cron", { cgroup: "/a/../b" }, ["cgroup"], "no .."],
  ["mount", "/", { source: "tmpfs", fsType: "tmpfs" }, [], "nothing is mounted over the root"],
  ["mount", "/mnt", { source: "tmpfs" }, [], "either source and fsType"],
  ["mount", "/mnt", { source: "-x", fsType: "tmpfs" }, ["source"], "expected a source"],
  ["mount", "/mnt", { source: "x", fsType: "ext4", options: ["ro,suid"] }, ["options", "0"], "one option"],
  ["mount", "/mnt", { source: "x", fsType: "ext4", options: ["ro", "rw"] }, [], "do not exclude each other"],
  [
    "mount",
    "/mnt",
    { source: "x", fsType: "ext4", options: ["noatime", "relatime"] },
    [],
    "exclude each other",
  ],
  ["sshkey", "alice", { key: "ssh-ed25519 AAAA" }, [], "a user and a label"],
  ["sshkey", "alice/me", { key: "ssh-ed25519 AAAA me" }, ["key"], "without a comment"],
  ["sysctl", "net..ipv4", { value: "1" }, [], "that of a parameter"],
  ["sysctl", "net.//.ipv4", { value: "1" }, [], "that of a parameter"],
  ["sysctl", "net.ipv4.ip_forward", { value: "1\n2" }, ["value"], "one line"],
  ["timer", "backup", { command: ["a"], timeout: "1s" }, [], "either interval or at"],
  ["timer", "backup", { command: ["a"], timeout: "1s", interval: "1h", days: ["mon"] }, [], "need at"],
  ["timer", "backup", { command: ["a"], timeout: "1s", interval: "9s" }, ["interval"], "at least 10s"],
  ["timer", "backup", { command: ["a"], timeout: "1s", at: "24:00" }, ["at"], "expected a time"],
  ["user", "Alice", {}, [], "small letters"],
  ["user", "alice", { home: "/a:b" }, [], "no ':'"],
  ["user", "alice", { absent: true, uid: 1000 }, [], "absent excludes"],
  ["symlink", "/etc/localtime", {}, [], "either target or absent"],
  ["symlink", "/etc/localtime", { target: "x", absent: true }, [], "either target or absent"],
  ["symlink", "localtime", { target: "x" }, [], "absolute path"],
  ["line", "/etc/hosts", { line: "x" }, [], "a path and a label"],
  ["line", "hosts#db", { line: "x" }, [], "a path and a label"],
  ["line", "/etc/hosts#db", { line: "a\nb" }, ["line"], "one line"],
  ["line", "/etc/hosts#db", { begins: "a" }, [], "expected line"],
  ["key", "/etc/app.conf#a", {}, [], "either value or absent"],
  ["key", "/etc/app.conf#a", { value: "x", separator: "" }, ["separator"], "at least 1"],
  ["service", "../ssh", {}, [], "that of a service"],
  ["service", "ssh", { state: "restarted" }, ["state"], "running or stopped"],
  ["package", "-y", {}, [], "that of a package"],
  ["package", "nginx", { version: "-1" }, ["version"], "expected a version"],
  ["package", "nginx", { absent: true, version: "1" }, [], "absent excludes"],
  ["tcp", "db", { host: "-x", port: 1 }, ["host"], "name or address"],
  ["port", "web", { port: 0 }, ["port"], "at least 1"],
  ["probe", "db", { command: ["a"] }, ["timeout"], "missing"],
  ["disk", "root", { path: "/" }, [], "free or files"],
  ["disk", "root", { path: "/", free: "1GB" }, ["free"], "expected a size"],
  ["disk", "root", { path: "/", files: "1GiB" }, ["files"], "expected a part"],
  ["memory", "device", { available: "100%" }, ["available"], "expected a size"],
];

it.each(refused)("%s:%s %j is refused", (kind, name, promise, path, message) => {
  const problems = typeOf(kind).check(name, promise);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatchObject({ path, message: expect.stringContaining(message) });
});

it("check never throws, whatever JSON it is given, and says something of all that it cannot read", () => {
  const promise = fc.dictionary(
    fc.constantFrom("content", "command", "after", "listen", "port", "x"),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(fc.constantFrom(...resourceTypes), promise, (type, value) => {
      const problems = type.check("name", value as ResourcePromise);
      if (problems.length === 0) expect(() => type.common(value as ResourcePromise)).not.toThrow();
    }),
  );
});

describe("metaparameters", () => {
  it("are as the settings say where a promise is silent", () => {
    expect(typeOf("file").common({})).toEqual({
      after: [],
      while: [],
      polls: false,
      priority: 0,
      budget: 1,
      danger: [],
      disturbs: [],
      onRepair: [],
      backoff: {},
    });
  });

  it("are read in numbers", () => {
    const promise = {
      poll: "30s",
      every: "1h",
      retry: 3,
      backoff: { base: "2s", factor: 3, max: "1h", jitter: "none", resetAfter: "1d" },
      limit: { repairs: 4, per: "1h" },
      window: { from: "23:30", to: "01:15", days: ["sat"], offset: "-02:30" },
    };
    expect(typeOf("file").check("/etc/motd", promise)).toEqual([]);
    expect(typeOf("file").common(promise)).toMatchObject({
      polls: true,
      everyMs: 30_000,
      retry: 3,
      backoff: { baseMs: 2_000, factor: 3, maxMs: 3_600_000, jitter: "none", resetAfterMs: 86_400_000 },
      limit: { repairs: 4, perMs: 3_600_000 },
      window: { fromMinute: 1_410, toMinute: 75, days: ["sat"], offsetMinutes: -150 },
    });
  });

  it("a file is removed with its promise only where the promise says so", () => {
    expect(typeOf("file").reverse({ content: "x" })).toBeUndefined();
    expect(typeOf("file").reverse({ content: "x", reverse: true })?.verb).toBe("remove");
    expect(typeOf("file").reverse({ absent: true, reverse: true })).toBeUndefined();
    expect(typeOf("directory").reverse({ reverse: true })?.verb).toBe("remove");
  });
});

describe("owners", () => {
  const seen = { type: "file", digest: "", size: 0, mode: "0644", owner: "www:web" };
  it.each([
    ["www", true],
    ["www:web", true],
    ["www:adm", false],
    ["web", false],
  ])("a promise of %s is kept by www:web: %s", (owner, isKept) => {
    expect(typeOf("file").diff({ owner }, seen, context) === undefined).toBe(isKept);
  });
});

describe("verbs of a file", () => {
  const file: Observation = {
    type: "file",
    digest: digestOf("a"),
    size: 1,
    mode: "0644",
    owner: "root:root",
  };
  const link: Observation = { type: "other", what: "symlink", mode: "0777", owner: "root:root" };
  it.each([
    [{ content: "b", mode: "0600" }, file, "write"],
    [{ content: "a", mode: "0600" }, file, "adjust"],
    [{ owner: "www" }, file, "adjust"],
    [{ content: "a" }, link, "write"],
    [{ content: "a" }, { type: "absent" }, "write"],
    [{ absent: true }, file, "remove"],
  ] as const)("%j seen as %j: %s", (promise, seen, verb) => {
    const drift = typeOf("file").diff(promise, seen, context);
    expect(drift && typeOf("file").plan(promise, seen, drift)?.verb).toBe(verb);
  });
});

it("a process that runs another command is restarted, with time to stop the old one", () => {
  const promise = { command: ["/usr/bin/sensor"], stopTimeout: "30s", timeout: "2s" };
  const seen = { type: "running", pid: 7, startTicks: 9, commandDigest: "00" };
  const drift = typeOf("process").diff(promise, seen, context);
  expect(drift && typeOf("process").plan(promise, seen, drift)).toMatchObject({
    verb: "restart",
    timeoutMs: 32_000,
  });
});

it("an observation of another shape is told apart", () => {
  expect(typeOf("file").recognizes({ type: "running" })).toBe(false);
  expect(typeOf("file").recognizes({ type: "absent" })).toBe(true);
});

it("an editor's schema names every field, and closes the object", () => {
  for (const type of resourceTypes) {
    const schema = type.schema as { properties: Record<string, unknown>; additionalProperties: boolean };
    expect(schema.additionalProperties).toBe(false);
    expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining(["after", "every", "timeout"]));
    expect(JSON.stringify(schema)).not.toContain("readOnly");
  }
});

describe("durations", () => {
  it.each([
    ["250ms", 250],
    ["10s", 10_000],
    ["5m", 300_000],
    ["1h", 3_600_000],
    ["2d", 172_800_000],
    ["366d", 366 * 86_400_000],
  ])("%s", (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each(["", "0s", "10", "1.5s", "-1s", "1w", " 1s", "367d", "01s", "1s1s"])("not %j", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it("are shown shortly", () => {
    expect([0, 999, 1_000, 119_999, 120_000, 7_200_000, 172_800_000].map(formatDuration)).toEqual([
      "0ms",
      "999ms",
      "1s",
      "119s",
      "2m",
      "2h",
      "2d",
    ]);
  });
});

it("listen addresses are read into host and port", () => {
  expect(readListenAddress("127.0.0.1:7080")).toEqual({ type: "tcp", host: "127.0.0.1", port: 7080 });
  expect(readListenAddress("[::1]:7080")).toEqual({ type: "tcp", host: "::1", port: 7080 });
  expect(readListenAddress("unix:/run/a/b.sock")).toEqual({ type: "unix", path: "/run/a/b.sock" });
  for (const path of [
    "/etc/a.sock",
    "/run/../etc/a.sock",
    "/run/a",
    "/run/antibody/control.sock",
    "run/a.sock",
  ]) {
    expect(readListenAddress(`unix:${path}`)).toBeUndefined();
  }
  expect(readListenAddress(`unix:/run/${"a".repeat(100)}.sock`)).toBeUndefined();
});
