import {
  type AgentId,
  type Directive,
  makeId,
  type ResourceId,
  type Staging,
  type VerifiedManifest,
  type VerifiedReport,
  type View,
} from "@antibody/policy";
import { describe, expect, it } from "vitest";
import type { ResourcePhase } from "../../src/contract/inspection.ts";
import type { JournalRecord, Output } from "../../src/contract/output.ts";
import type { StagePorts } from "../../src/rollout/ports.ts";
import { Rollouts } from "../../src/rollout/rollouts.ts";
import { Clock, testCrypto, viewOf } from "../healing/bench.ts";

const agent = makeId("agent", new Uint8Array(32).fill(1));
const swarm = makeId("swarm", new Uint8Array(32).fill(2));
const motd = "file:/etc/motd" as ResourceId;
const promises = viewOf({ [motd]: { content: "new\n" } }).promises;
const claim = promises.get(motd);
if (claim === undefined) throw new Error("no promise");
const id = makeId("frag", new Uint8Array(32).fill(3));
const rollout = {
  salt: "00",
  waves: [{ percent: 100, reportersMin: 1 }],
  failuresMax: 1,
  stallAfterMs: 9_000,
};

/** One device with one generation in stages, and a test's hands on what it sees. */
class Device {
  readonly clock = new Clock();
  readonly rollouts: Rollouts;
  phase: ResourcePhase = "repairing";
  directives: readonly Pick<Directive, "verb" | "reason">[] = [];
  members: (who: AgentId) => boolean = () => true;
  isProven = false;
  readonly manifest: VerifiedManifest;

  constructor(
    records: readonly JournalRecord[] = [],
    staging: Partial<Staging> = {},
    reports: readonly VerifiedReport[] = [],
  ) {
    const { author, stream, version } = claim as NonNullable<typeof claim>;
    const body = { v: 2, type: "manifest", author, stream, ...version, fragments: [] };
    const health = { holdMs: 100, withinMs: 1_000 };
    const manifest = { ...body, staging: { health, rollout, ...staging } };
    this.manifest = { type: "manifest", author, id, bytes: new Uint8Array(), manifest } as never;
    const boot = { records, members: [], policies: [this.manifest], reports };
    this.rollouts = Rollouts.create({ agent, swarm, crypto: testCrypto }, boot);
  }

  get ports(): StagePorts {
    const gate = this.rollouts.stageOf(this.manifest);
    const { author, manifest } = this.manifest;
    const version = { epoch: manifest.epoch, generation: manifest.generation };
    const stands = gate === "admitted" ? { active: { version, manifest: id } } : {};
    const state = { author, stream: manifest.stream, ...stands };
    const view = { ...viewOf({}), promises, streams: [state] } as unknown as View;
    return {
      policy: {
        current: view,
        staged: () => [this.manifest],
        directivesOn: () => this.directives as readonly Directive[],
        isProven: () => this.isProven,
        prove: () => {
          this.isProven = true;
        },
      },
      swarm: {
        isMember: this.members,
        memberCount: 2,
        evictedCount: 0,
        isOut: false,
        livingAgents: () => [agent],
      },
      device: { phaseOf: () => this.phase },
    };
  }

  /** Looks, takes effect where it may, and says what was put out. */
  look(afterMs = 0): readonly Output[] {
    this.clock.advance(afterMs);
    const before = this.rollouts.stageOf(this.manifest);
    this.rollouts.refresh(this.ports, this.clock.turn());
    if (before !== "admitted" && this.rollouts.stageOf(this.manifest) === "admitted") {
      const empty = viewOf({});
      this.rollouts.begin(this.manifest, empty, this.ports.policy.current, this.clock.turn());
    }
    return this.clock.take();
  }

  hear(finding: "healthy" | "failed", from: AgentId, detail = ""): VerifiedReport {
    const report = {
      ...this.manifest.manifest,
      type: "report",
      agent: from,
      manifest: id,
      finding,
      detail,
    };
    const { author } = this.manifest;
    const named = { id: `${finding} ${from}${detail}`, bytes: new Uint8Array() };
    const verified = { type: "report", author, ...named, report } as unknown as VerifiedReport;
    this.rollouts.accept(verified, this.ports.policy, this.clock.turn());
    return verified;
  }
}

function findings(outputs: readonly Output[]): readonly string[] {
  return outputs.flatMap((output) => {
    if (output.type === "sign" && output.statement.type === "report") return [output.statement.finding];
    if (output.type === "tell") return [output.event.name];
    return output.type === "persist" ? [`${output.durability} ${String(output.records[0]?.key)}`] : [];
  });
}

const other = makeId("agent", new Uint8Array(32).fill(9));

describe("a generation on trial", () => {
  it("stays when all was kept for a while, and says so", () => {
    const device = new Device();
    device.look();
    device.phase = "kept";
    expect(findings(device.look(10))).toEqual([]);
    expect(findings(device.look(99))).toEqual([]);
    expect(device.isProven).toBe(false);
    expect(findings(device.look(1))).toEqual(["healthy"]);
    expect(device.isProven).toBe(true);
    expect(findings(device.look())).toEqual([]);
  });

  it("goes back when its time is over, by one durable word", () => {
    const device = new Device();
    device.look();
    expect(findings(device.look(1_000))).toEqual([`sync stage/${id}`, "policy.rolledBack", "failed"]);
    expect(device.rollouts.stageOf(device.manifest)).toBe("blocked");
  });

  it("goes back at once when a resource is handed off, and waits while one is paused", () => {
    const device = new Device();
    device.look();
    device.phase = "paused";
    expect(findings(device.look(5_000))).toEqual([]);
    device.phase = "handedOff";
    expect(findings(device.look(1))).toContain("policy.rolledBack");
  });

  it("goes back when it is halted, by its author or by failures of members", () => {
    const told = new Device();
    told.look();
    told.directives = [{ verb: "halt", reason: "bad" }];
    told.rollouts.wake();
    const heard = new Device();
    heard.look();
    heard.hear("failed", other);
    heard.clock.take();
    for (const device of [told, heard]) {
      // The directive is one more that is held: what was counted before is counted again.
      expect(findings(device.look())).toEqual(["policy.halted", `sync stage/${id}`, "policy.rolledBack"]);
    }
  });

  it("is not halted by who was put out", () => {
    const device = new Device();
    device.members = (who) => who !== other;
    device.look();
    device.hear("failed", other);
    device.clock.take();
    expect(findings(device.look())).toEqual([]);
  });

  it("stays halted by failures when all who heard of them lose power", () => {
    const open = { rollout: { ...rollout, failuresMax: 2 } };
    const device = new Device([], open);
    const third = makeId("agent", new Uint8Array(32).fill(8));
    const heard = [device.hear("failed", other), device.hear("failed", third)];
    // It counts once, however often it is said: nobody fills the disk with it.
    device.hear("failed", other, "again");
    device.hear("healthy", other);
    const written = device.clock.take();
    expect(findings(written)).toEqual(heard.map(({ id: report }) => `sync report/${report}`));

    const restarted = new Device([], open, heard);
    expect(findings(restarted.look())).toEqual(["policy.halted"]);
    expect(restarted.rollouts.stageOf(restarted.manifest)).toBe("blocked");
    // Without them it would begin anew.
    expect(findings(new Device([], open).look())).not.toContain("policy.halted");
  });

  it("is blocked after a restart as before, and fails after too many starts", () => {
    const record = (state: string, starts: number): JournalRecord => ({
      key: `stage/${id}`,
      value: { v: 1, state, reason: "it failed", starts },
    });
    expect(new Device([record("blocked", 1)]).rollouts.stageOf({ id } as VerifiedManifest)).toBe("blocked");
    const device = new Device([record("trial", 3)]);
    const { current } = device.ports.policy;
    expect(device.rollouts.stageOf(device.manifest)).toBe("admitted");
    device.rollouts.begin(device.manifest, viewOf({}), current, device.clock.turn());
    expect(findings(device.look())).toContain("policy.rolledBack");
  });

  it("is not failed by what was broken before under the same promise", () => {
    const device = new Device();
    device.phase = "handedOff";
    device.rollouts.refresh(
      { ...device.ports, policy: { ...device.ports.policy, staged: () => [] } },
      device.clock.turn(),
    );
    const before = { ...viewOf({}), promises };
    device.rollouts.refresh(device.ports, device.clock.turn());
    device.rollouts.begin(device.manifest, before, device.ports.policy.current, device.clock.turn());
    device.clock.take();
    expect(findings(device.look(10))).toEqual([]);
    device.look(100);
    expect(device.isProven).toBe(true);
  });
});
