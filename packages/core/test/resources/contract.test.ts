import { parseResourceId, type ResourceId, type ResourcePromise } from "@antibody/policy";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Observation, ResourceContext, ResourceType } from "../../src/contract/resource.ts";
import { keyedDigest, resourceTypes } from "../../src/resources/index.ts";
import { digestKey, digestOf, testCrypto } from "../healing/bench.ts";

const context: ResourceContext = { digest: (bytes) => keyedDigest(testCrypto, digestKey, bytes) };

/** Looks and repairs after which a device must be as promised: one for what is there, one for how it is. */
const passesMax = 2;

/** Good promises of each kind, by resource. */
const examples: { readonly [kind: string]: readonly (readonly [string, ResourcePromise])[] } = {
  agent: [
    ["agent:self", {}],
    ["agent:self", { version: "0.1.0", free: "16MiB" }],
  ],
  capability: [
    ["capability:sensor-api", { port: 8080 }],
    ["capability:sensor-api", { port: 1, while: ["http:sensor"] }],
  ],
  clock: [["clock:device", { within: "250ms" }]],
  command: [
    ["command:schema", { check: ["/bin/true"], apply: ["/bin/make"], timeout: "10s" }],
    ["command:schema", { check: ["/bin/true"], apply: ["/bin/make"], timeout: "1m", every: "5m" }],
  ],
  container: [
    ["container:web", { image: "docker.io/library/nginx:1.27" }],
    [
      "container:web",
      { image: "nginx", env: { A: "1" }, ports: ["127.0.0.1:8080:80"], volumes: ["/srv:/www:ro"] },
    ],
    ["container:web", { absent: true }],
  ],
  directory: [
    ["directory:/srv", {}],
    ["directory:/srv", { mode: "0750", owner: "www-data" }],
    ["directory:/srv", { owner: "www-data:www-data" }],
    ["directory:/srv", { absent: true }],
  ],
  disk: [
    ["disk:var", { path: "/var", free: "1GiB" }],
    ["disk:root", { path: "/", free: "10%", files: "5%", every: "1m" }],
    ["disk:root", { path: "/", files: "5%" }],
  ],
  file: [
    ["file:/etc/motd", {}],
    ["file:/etc/motd", { content: "" }],
    ["file:/etc/motd", { content: "grüße\n", mode: "0600", owner: "root:adm" }],
    ["file:/etc/motd", { mode: "0400", timeout: "5s" }],
    ["file:/etc/motd", { owner: "root" }],
    ["file:/etc/motd", { absent: true }],
  ],
  foreign: [
    ["foreign:cron", { program: "cron" }],
    ["foreign:miner", { program: "/usr/bin/xmrig", cgroup: "/system.slice", absent: true }],
  ],
  http: [
    ["http:sensor", { url: "http://127.0.0.1:8080/health" }],
    ["http:sensor", { url: "https://[::1]/", every: "2s", timeout: "1s", status: 204 }],
  ],
  key: [
    ["key:/etc/ssh/sshd_config#PermitRootLogin", { value: "no", separator: " " }],
    ["key:/etc/systemd/journald.conf#SystemMaxUse", { value: "64M", section: "Journal" }],
    ["key:/etc/app.conf#debug", { absent: true }],
  ],
  line: [
    ["line:/etc/hosts#db", { line: "10.0.0.5 grüße", begins: "10.0.0.5 " }],
    ["line:/etc/modules#i2c", { line: "i2c-dev" }],
    ["line:/etc/hosts#old", { begins: "10.0.0.9 ", absent: true }],
  ],
  memory: [
    ["memory:device", { available: "64MiB" }],
    ["memory:device", { available: "10%" }],
  ],
  mount: [
    ["mount:/mnt/data", { source: "/dev/sda1", fsType: "ext4", options: ["ro", "nosuid"] }],
    ["mount:/tmp", { source: "tmpfs", fsType: "tmpfs" }],
    ["mount:/mnt/old", { absent: true }],
  ],
  package: [
    ["package:nginx", {}],
    ["package:nginx", { version: "1.22.1-9", timeout: "20m" }],
    ["package:sensor", { source: "/srv/sensor.deb", version: "2.0" }],
    ["package:telnetd", { absent: true }],
  ],
  plugin: [
    ["plugin:greeting/lobby", { fields: { text: "welcome" } }],
    ["plugin:sensor/bus/7", { every: "10s", timeout: "2s" }],
  ],
  port: [
    ["port:web", { port: 80 }],
    ["port:telnet", { port: 23, absent: true }],
    ["port:dns", { port: 53, protocol: "udp" }],
  ],
  probe: [["probe:sensor", { command: ["/usr/bin/sensor", "--check"], timeout: "5s" }]],
  process: [
    ["process:sensor", { command: ["/usr/bin/sensor"] }],
    [
      "process:sensor",
      {
        command: ["sensor", "-v"],
        cwd: "/srv",
        env: { RATE: "5" },
        stopTimeout: "2s",
        after: ["file:/etc/motd"],
      },
    ],
  ],
  role: [
    ["role:web", { count: 2 }],
    ["role:web", { count: 1, returnAfter: "1h" }],
  ],
  route: [
    ["route:sensor-api", { listen: "127.0.0.1:7080" }],
    ["route:sensor-api", { listen: "[::1]:7080" }],
  ],
  service: [
    ["service:ssh", {}],
    ["service:ssh", { state: "running", enabled: true, manager: "systemd" }],
    ["service:telnet", { state: "stopped", enabled: false, manager: "runit" }],
  ],
  sshkey: [
    ["sshkey:alice/laptop", { key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5" }],
    ["sshkey:alice/laptop", { key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", options: "restrict" }],
    ["sshkey:alice/old", { key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", absent: true }],
  ],
  symlink: [
    ["symlink:/etc/localtime", { target: "/usr/share/zoneinfo/Europe/Berlin" }],
    ["symlink:/etc/localtime", { target: "../usr", owner: "root:root" }],
    ["symlink:/etc/localtime", { absent: true }],
  ],
  sysctl: [
    ["sysctl:net.ipv4.ip_forward", { value: "1" }],
    ["sysctl:net.ipv4.conf.eth0/1.forwarding", { value: "0", persist: false }],
  ],
  tcp: [["tcp:database", { host: "127.0.0.1", port: 5432 }]],
  timer: [
    [
      "timer:backup",
      { command: ["/usr/bin/backup"], timeout: "1h", at: "03:00", days: ["sun"], offset: "+02:00" },
    ],
    ["timer:poll", { command: ["/usr/bin/poll"], timeout: "1m", interval: "5m" }],
  ],
  user: [
    ["user:alice", {}],
    [
      "user:alice",
      { uid: 1001, group: "users", groups: ["adm"], home: "/home/alice", shell: "/bin/sh", locked: true },
    ],
    ["user:mallory", { absent: true }],
  ],
};

/** Kinds that only report: what they say is repaired elsewhere. */
const reporting = ["agent", "capability", "clock", "disk", "http", "memory", "port", "probe", "role", "tcp"];
/** Kinds that end what they keep when the promise goes. */
const reversed = ["container", "process", "route"];
/** Kinds of repairs whose intent is on disk before they start. */
const once = ["command", "timer"];

const cases = resourceTypes.flatMap((type) =>
  (examples[type.kind] ?? []).map(
    ([resource, promise]) =>
      [`${resource} ${JSON.stringify(promise)}`, type, nameOf(resource), promise] as const,
  ),
);

function nameOf(resource: string): string {
  return parseResourceId(resource)?.name ?? "";
}

/** One pass of the loop over a fake: look, and repair what drifted. */
function pass(type: ResourceType, promise: ResourcePromise, state: Observation): Observation {
  const drift = type.diff(promise, state, context);
  const plan = drift === undefined ? undefined : type.plan(promise, state, drift);
  return plan === undefined ? state : type.fake.repaired(promise, state, plan, context);
}

function damaged(type: ResourceType, promise: ResourcePromise, seeds: readonly number[]): Observation {
  return seeds.reduce<Observation>(
    (state, seed) => type.fake.damaged(promise, state, seed, context),
    type.fake.initial(promise, context),
  );
}

const seeds = fc.array(fc.nat(1_000), { maxLength: 6 });
/** Of each example: as many as the deep tests break of the real thing. */
const damagedStates = 200;

it("every resource type has examples here", () => {
  expect(resourceTypes.map(({ kind }) => kind)).toEqual(Object.keys(examples));
});

describe.each(cases)("%s", (_title, type, name, promise) => {
  // Of foreign processes, those that may not run are ended, and those that shall are for others to start.
  const repairable =
    !reporting.includes(type.kind) && (type.kind !== "foreign" || promise["absent"] === true);

  it("is well formed", () => {
    expect(type.check(name, promise)).toEqual([]);
    expect(parseResourceId(`${type.kind}:${name}`)).toBeDefined();
  });

  it("converges from any damaged state in a bounded number of passes, and then nothing is done", () => {
    fc.assert(
      fc.property(seeds, (damages) => {
        let state = damaged(type, promise, damages);
        for (let passes = 0; passes < passesMax; passes += 1) state = pass(type, promise, state);
        if (repairable) expect(type.diff(promise, state, context)).toBeUndefined();
        expect(pass(type, promise, state)).toEqual(state);
      }),
      { numRuns: damagedStates },
    );
  });

  it("is only ever seen in its own shape", () => {
    fc.assert(
      fc.property(seeds, (damages) => {
        const state = damaged(type, promise, damages);
        expect(type.recognizes(state)).toBe(true);
        expect(type.recognizes(pass(type, promise, state))).toBe(true);
        expect(type.recognizes({ ...state, surprise: true })).toBe(false);
      }),
    );
  });

  it("is damaged by some damage, so that the law above says something", () => {
    const hurt = Array.from({ length: 60 }, (_, seed) => damaged(type, promise, [seed]));
    expect(hurt.some((state) => type.diff(promise, state, context) !== undefined)).toBe(true);
  });

  it("is not mended by more damage", () => {
    // A probe recovers by itself; and to remove what is to be absent is no damage.
    const mends = !repairable || promise["absent"] === true;
    fc.assert(
      fc.property(seeds, fc.nat(1_000), (damages, more) => {
        const kept = pass(type, promise, pass(type, promise, type.fake.initial(promise, context)));
        const hurt = damages.reduce<Observation>(
          (state, seed) => type.fake.damaged(promise, state, seed, context),
          kept,
        );
        if (mends || type.diff(promise, hurt, context) === undefined) return;
        const again = type.fake.damaged(promise, hurt, more, context);
        expect(type.diff(promise, again, context)).toBeDefined();
      }),
    );
  });

  it("names the drift and the plan in one line, and never tells contents", () => {
    fc.assert(
      fc.property(seeds, (damages) => {
        const state = damaged(type, promise, damages);
        const drift = type.diff(promise, state, context);
        if (drift === undefined) return;
        expect(drift.attributes.length).toBeGreaterThan(0);
        expect([...drift.attributes].sort()).toEqual(drift.attributes);
        expect(drift.summary).toMatch(/^[^\n]+$/);
        expect(drift.summary).not.toContain("grüße");
        const plan = type.plan(promise, state, drift);
        expect(plan === undefined).toBe(!repairable);
        if (plan === undefined) return;
        expect(plan.timeoutMs).toBeGreaterThan(0);
        expect(plan.summary).toMatch(/^[^\n]+$/);
        expect(plan.idempotent).toBe(!once.includes(type.kind));
      }),
    );
  });

  it("is not undone where it says so", () => {
    if (type.kind === "role") return;
    expect(type.check(name, { ...promise, reverse: false })).toEqual([]);
    expect(type.reverse({ ...promise, reverse: false })).toBeUndefined();
  });

  it("can be begun anew where it is kept, and is kept afterwards", () => {
    const kept = [1, 2].reduce((state) => pass(type, promise, state), damaged(type, promise, [1]));
    const plan = type.refresh(promise, kept);
    if (plan === undefined) return;
    expect(type.diff(promise, type.fake.repaired(promise, kept, plan, context), context)).toBeUndefined();
  });

  it("reverses to a state that differs from the promised one, or leaves all as it is", () => {
    const plan = type.reverse(promise);
    const kept = [1, 2].reduce((state) => pass(type, promise, state), damaged(type, promise, [1]));
    expect(plan === undefined).toBe(!reversed.includes(type.kind) || promise["absent"] === true);
    if (plan === undefined) return;
    const ended = type.fake.repaired(promise, kept, plan, context);
    expect(type.diff(promise, ended, context)).toBeDefined();
    expect(type.fake.repaired(promise, ended, plan, context)).toEqual(ended);
  });
});

it("every pair of promises composes: keeping one never moves the other", () => {
  const order = fc.sample(fc.boolean(), { numRuns: 8, seed: 1 });
  for (const [leftAt, [leftTitle, leftType, , left]] of cases.entries()) {
    for (const [rightAt, [rightTitle, rightType, , right]] of cases.entries()) {
      let leftState = damaged(leftType, left, [leftAt + rightAt, leftAt]);
      let rightState = damaged(rightType, right, [rightAt, leftAt * 3 + rightAt]);
      for (const isLeft of [...order, true, true, false, false]) {
        if (isLeft) leftState = pass(leftType, left, leftState);
        else rightState = pass(rightType, right, rightState);
      }
      expect(pass(leftType, left, leftState), `${leftTitle} beside ${rightTitle}`).toEqual(leftState);
      expect(pass(rightType, right, rightState), `${rightTitle} beside ${leftTitle}`).toEqual(rightState);
    }
  }
});

it("a file's digest is the HMAC-SHA256 that a body computes", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      expect(context.digest(new TextEncoder().encode(text))).toBe(digestOf(text));
    }),
  );
  const long = new Uint8Array(100).fill(0xaa);
  // RFC 4231, test case 6: a key longer than a block.
  expect(
    keyedDigest(
      testCrypto,
      new Uint8Array(131).fill(0xaa),
      new TextEncoder().encode("Test Using Larger Than Block-Size Key - Hash Key First"),
    ),
  ).toBe("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  expect(keyedDigest(testCrypto, long, long)).toHaveLength(64);
});

it("what hangs on others names them", () => {
  const [, , , promise] = cases.find(([title]) => title.includes("after")) ?? [];
  const type = resourceTypes.find(({ kind }) => kind === "process");
  expect(type?.common(promise ?? {}).after).toEqual(["file:/etc/motd" as ResourceId]);
});
