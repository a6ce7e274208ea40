import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AgentInspection, Trouble } from "@antibody/agent/control";
import type { ResourceId } from "@antibody/policy";
import { describe, expect, test } from "vitest";
import { emptyInspection } from "../../agent/test/control.fake.ts";
import { checks } from "../src/commands/seeing/doctor.ts";
import {
  checkAgent,
  checkClock,
  checkDescriptors,
  checkDisk,
  checkInotify,
  checkPermissions,
  checkService,
} from "../src/doctor/checks.ts";
import type { Facts } from "../src/doctor/facts.ts";
import type { Checked } from "../src/doctor/finding.ts";
import { checkLan, checkPeers, checkPorts, checkReach, checkVersions } from "../src/doctor/swarmChecks.ts";
import { setStage } from "./commandLine.ts";
import { fullInspection } from "./fixtures.ts";
import { schemaProblems } from "./schemas.ts";

const process = { pid: 7, userId: 1000, capabilities: 0n, descriptors: { open: 30, max: 1024 } };
const running = { type: "running", inspection: emptyInspection, process } as const;

/** A device on which all is well. */
const healthy: Facts = {
  state: "/var/lib/antibody",
  self: "antibody",
  start: "systemctl start antibody",
  version: "0.1.0",
  wallMs: Date.UTC(2026, 10, 22),
  agent: running,
  service: { systemd: true, installed: true, enabled: true },
  clock: { lastWrittenMs: Date.UTC(2026, 10, 21), synchronized: true },
  disk: { freeBytes: 2 ** 33, sizeBytes: 2 ** 35, freeFiles: 10_000, sizeFiles: 100_000, readOnly: false },
  inotify: { watchesMax: 65_536, instancesMax: 128, watchesHeld: 9, instancesHeld: 2 },
  entries: [{ path: "/var/lib/antibody", userId: 1000, mode: 0o700, secret: false }],
  addresses: [{ address: "/ip4/192.0.2.7/tcp/4001", answers: true }],
};

const [member] = fullInspection.members;
if (member === undefined) throw new Error("the fixture has members");
const [resource] = fullInspection.resources;
if (resource === undefined) throw new Error("the fixture has resources");

function withInspection(change: Partial<AgentInspection>): Partial<Facts> {
  return { agent: { ...running, inspection: { ...emptyInspection, ...change } } };
}

function withTrouble(name: Trouble["name"], what: string): Partial<Facts> {
  return { agent: { ...running, inspection: { ...emptyInspection, troubles: [{ name, what }] } } };
}

type Case = readonly [what: string, check: (facts: Facts) => Checked, change: Partial<Facts>, mend: string];

const cases: readonly Case[] = [
  [
    "a network on which nobody is heard",
    checkLan,
    withTrouble("network.lanDeaf", "peers on its own network are not heard by mDNS: ENODEV"),
    "antibody run --no-mdns",
  ],
  [
    "another program on the port of mDNS",
    checkLan,
    withTrouble(
      "network.lanDeaf",
      "peers on its own network are not heard by mDNS: bind EADDRINUSE 0.0.0.0:5353",
    ),
    "ss --udp --listening --processes 'sport = :5353'",
  ],
  ["no agent", checkAgent, { agent: { type: "notBegun" } }, "antibody init --name NAME"],
  ["an agent that does not run", checkAgent, { agent: { type: "notRunning" } }, "systemctl start antibody"],
  ["somebody else's agent", checkAgent, { agent: { type: "denied", cause: "no" } }, "sudo antibody doctor"],
  ["an agent that is ill", checkAgent, { agent: { type: "failed", cause: "no" } }, "antibody logs"],
  [
    "a state that cannot be written for another reason",
    checkDisk,
    withTrouble("agent.stateUnwritten", "disk I/O error"),
    "dmesg | tail",
  ],
  [
    "refused watches",
    checkInotify,
    withTrouble("device.polling", "the system refuses watches (ENOSPC)"),
    "echo fs.inotify.max_user_watches=131072 > /etc/sysctl.d/60-antibody.conf && sysctl --system",
  ],
  [
    "no instance of inotify left",
    checkInotify,
    withTrouble("device.polling", "the system refuses watches (EMFILE)"),
    "echo fs.inotify.max_user_instances=1024 > /etc/sysctl.d/60-antibody.conf && sysctl --system",
  ],
  [
    "no start at boot",
    checkService,
    { service: { systemd: true, installed: false, enabled: undefined } },
    "antibody install",
  ],
  [
    "a disabled service",
    checkService,
    { service: { systemd: true, installed: true, enabled: false } },
    "systemctl enable antibody",
  ],
  ["a clock at its epoch", checkClock, { wallMs: 0 }, "timedatectl set-ntp true"],
  [
    "a clock that went back",
    checkClock,
    { clock: { lastWrittenMs: Date.UTC(2026, 11, 1), synchronized: undefined } },
    "timedatectl set-ntp true",
  ],
  [
    "a clock that nobody keeps",
    checkClock,
    { clock: { lastWrittenMs: undefined, synchronized: false } },
    "timedatectl set-ntp true",
  ],
  [
    "a full disk",
    checkDisk,
    { disk: { freeBytes: 1e6, sizeBytes: 1e10, freeFiles: 9e9, sizeFiles: 9e9, readOnly: false } },
    "du -xh /var/lib/antibody / 2>/dev/null | sort -h | tail",
  ],
  [
    "no more files",
    checkDisk,
    { disk: { freeBytes: 1e9, sizeBytes: 1e10, freeFiles: 3, sizeFiles: 9e9, readOnly: false } },
    "du -xh /var/lib/antibody / 2>/dev/null | sort -h | tail",
  ],
  [
    "a card that went read-only",
    checkDisk,
    { disk: { freeBytes: 1e9, sizeBytes: 1e10, freeFiles: 9e9, sizeFiles: 9e9, readOnly: true } },
    "dmesg | tail && mount -o remount,rw /",
  ],
  [
    "nearly no watches",
    checkInotify,
    { inotify: { watchesMax: 65_536, instancesMax: 128, watchesHeld: 60_000, instancesHeld: 2 } },
    "echo fs.inotify.max_user_watches=131072 > /etc/sysctl.d/60-antibody.conf && sysctl --system",
  ],
  [
    "nearly no instances",
    checkInotify,
    { inotify: { watchesMax: 65_536, instancesMax: 128, watchesHeld: 9, instancesHeld: 120 } },
    "echo fs.inotify.max_user_instances=1024 > /etc/sysctl.d/60-antibody.conf && sysctl --system",
  ],
  [
    "nearly no descriptors",
    checkDescriptors,
    { agent: { ...running, process: { ...process, descriptors: { open: 1000, max: 1024 } } } },
    "prlimit --nofile=2048 --pid 7",
  ],
  [
    "a file of root's in the state",
    checkPermissions,
    { entries: [...healthy.entries, { path: "/s/journal.db", userId: 0, mode: 0o600, secret: false }] },
    "chown -R --reference=/var/lib/antibody /var/lib/antibody",
  ],
  [
    "a key that others may read",
    checkPermissions,
    { entries: [{ path: "/s/agent.key", userId: 1000, mode: 0o640, secret: true }] },
    "chmod go= /s/agent.key",
  ],
  [
    "a state that others may change",
    checkPermissions,
    { entries: [{ path: "/s", userId: 1000, mode: 0o777, secret: false }] },
    "chmod go-w /s",
  ],
  [
    "a file that the system refuses",
    checkReach,
    withInspection({ resources: [{ ...resource, phase: "backingOff", why: "EACCES: /etc/motd" }] }),
    "sudo antibody install --heal files",
  ],
  [
    "a package that the system refuses",
    checkReach,
    withInspection({
      resources: [
        {
          ...resource,
          resource: "package:nginx" as ResourceId,
          phase: "backingOff",
          why: "EPERM: dpkg",
        },
      ],
    }),
    "sudo antibody install --heal device",
  ],
  ["no address", checkPorts, { addresses: [] }, "ip address && antibody logs"],
  [
    "a port that nobody reaches",
    checkPorts,
    { addresses: [{ address: "/ip4/192.0.2.7/tcp/4001", answers: false }] },
    "ufw allow 4001/tcp",
  ],
  [
    "a missing peer",
    checkPeers,
    withInspection({ members: [{ ...member, name: "garage", verdict: "dead" }] }),
    "antibody peers why garage",
  ],
  ["a device that is cut off", checkPeers, withInspection({ cutOff: true }), "ip route"],
  [
    "an agent older than the command",
    checkVersions,
    withInspection({ build: "0.0.9" }),
    "antibody stop && systemctl start antibody",
  ],
  [
    "a peer of another version",
    checkVersions,
    withInspection({ members: [{ ...member, name: "garage", build: "0.0.9" }] }),
    "on garage: dpkg -i antibody_0.1.0_$(dpkg --print-architecture).deb",
  ],
  [
    "a peer that says what is newer than this agent",
    checkVersions,
    withInspection({
      members: [{ ...member, name: "garage", build: "0.2.0" }],
      ignored: [{ kind: "message greet", from: member.agent, count: 3 }],
    }),
    "dpkg -i antibody_0.2.0_$(dpkg --print-architecture).deb",
  ],
];

describe("doctor", () => {
  test("finds nothing where all is well", () => {
    expect(checks.map((check) => check(healthy).verdict)).toEqual(checks.map(() => "ok"));
  });

  test.each(cases)("finds %s, and names what mends it", (_what, check, change, mend) => {
    expect(check({ ...healthy, ...change })).toMatchObject({ verdict: "finding", nextCommand: mend });
  });

  test.each([["left"], ["away"]] as const)("misses no peer that is %s by its own word", (verdict) => {
    const facts = { ...healthy, ...withInspection({ members: [{ ...member, verdict }] }) };
    expect(checkPeers(facts).verdict).toBe("ok");
  });

  test("says what cannot be seen where nothing runs, and accuses nobody of it", () => {
    const facts: Facts = { ...healthy, agent: { type: "notRunning" } };
    expect([checkReach, checkPorts, checkPeers, checkVersions].map((check) => check(facts).verdict)).toEqual(
      Array.from({ length: 4 }, () => "unseen"),
    );
  });

  test("looks at a real device, and ends with 3 when it found something", async () => {
    const stage = await setStage(emptyInspection);
    mkdirSync(stage.state, { recursive: true });
    const key = join(stage.state, "agent.key");
    writeFileSync(key, "", { mode: 0o600 });
    chmodSync(key, 0o644);
    const { code, value } = await stage.json("doctor");
    expect(code).toBe(3);
    expect(schemaProblems(value)).toEqual([]);
    expect(value["checks"]).toContainEqual({
      check: "permissions",
      verdict: "finding",
      detail: `others may read ${key}`,
      nextCommand: `chmod go= ${key}`,
    });
    const { out } = await stage.run("doctor");
    expect(out).toContain(`mend: chmod go= ${key}`);
  });

  test("says where there is no agent yet how one begins", async () => {
    const stage = await setStage();
    const { code, out } = await stage.run("doctor");
    expect(code).toBe(3);
    expect(out).toMatch(/FINDING +agent .*\n +mend: antibody --state \S+ init --name NAME/);
  });
});
