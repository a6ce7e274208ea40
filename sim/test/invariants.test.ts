import type { Inspection, MemberView } from "@antibody/core";
import { type FragmentId, makeId, parseStreamName, type StreamName } from "@antibody/policy";
import { describe, expect, it } from "vitest";
import { PolicyInvariants } from "../src/invariants/policy.ts";
import { agree } from "../src/invariants/views.ts";
import { Publishers } from "../src/scenarios/publishers.ts";
import type { Scenario, ScenarioBundle } from "../src/scenarios/scenario.ts";
import type { Deed } from "../src/scenarios/step.ts";
import { type Play, play, quiet, type Strings } from "./puppet.ts";

const bundle: ScenarioBundle = {
  stream: "home",
  documents: [{ name: "motd", promises: { "file:/etc/motd": { content: "generation {generation}\n" } } }],
  scope: ["file:/etc/**"],
  powers: [],
  mode: "enforce",
};
const author = makeId("author", new Uint8Array(32));
const stream = parseStreamName("home") as StreamName;

const publishing: Partial<Scenario> = {
  bundles: [bundle],
  agents: 6,
  steps: [{ atMs: 1_000, type: "publish", generation: 1, to: { all: true } }],
};

/** Bends what agent-1 shows, from some time on. */
function bend(bent: (inspection: Inspection) => Inspection, afterMs = 0): Strings {
  let first = Number.POSITIVE_INFINITY;
  return {
    show: (inspection) => {
      first = Math.min(first, inspection.wallMs);
      const isBent = inspection.name === "agent-1" && inspection.wallMs - first >= afterMs;
      return isBent ? bent(inspection) : inspection;
    },
  };
}

function bendMember(name: string, differences: Partial<MemberView>): (inspection: Inspection) => Inspection {
  return (inspection) => ({
    ...inspection,
    members: inspection.members.map((member) =>
      member.name === name ? { ...member, ...differences } : member,
    ),
  });
}

function violationsOf({ running }: Play): readonly string[] {
  return running.watching.violations.map(
    ({ invariant, agent, detail }) => `${invariant} ${agent ?? ""}: ${detail}`,
  );
}

function resource(id: string, fragment: string | undefined, author: string): Inspection["resources"][number] {
  const base = {
    phase: "kept",
    sinceMs: 0,
    why: "",
    next: "",
    attempts: [],
    repairs: 0,
    failures: 0,
  } as const;
  const claim = fragment === undefined ? {} : { fragment, author };
  return { ...base, ...claim, resource: id as Inspection["resources"][number]["resource"] };
}

describe("an invariant fires when", () => {
  it("something unsigned is in force", () => {
    const played = play(
      quiet(publishing),
      bend((inspection) => ({
        ...inspection,
        resources: [resource("file:/etc/motd", "frag_forged", inspection.streams[0]?.author ?? "")],
      })),
    );
    expect(violationsOf(played)).toEqual([
      "policy agent-1: unsigned: file:/etc/motd is in force by frag_forged, which nobody here ever signed",
    ]);
  });

  it("something signed is in force that the grant does not reach", () => {
    const played = play(
      quiet(publishing),
      bend((inspection) => {
        const [stream] = inspection.streams;
        if (stream === undefined) return inspection;
        const fragment: FragmentId | undefined = stream.active?.manifest;
        return { ...inspection, resources: [resource("file:/root/key", fragment, stream.author)] };
      }),
    );
    expect(violationsOf(played)).toEqual([
      "policy agent-1: out of scope: file:/root/key is in force, the grant does not reach it",
    ]);
  });

  it("what was in force is rolled back, or what was held is lost", () => {
    const played = play(
      quiet(publishing),
      bend(
        (inspection) => ({
          ...inspection,
          streams: inspection.streams.map(({ active: _, ...rest }) => rest),
        }),
        6_000,
      ),
    );
    expect(violationsOf(played)).toEqual([
      "policy agent-1: rolled back: nothing is in force after generation 1.1 (and 1 more)",
    ]);
  });

  it("a generation that was held is gone without having been in force", () => {
    const pending = (inspection: Inspection): Inspection => ({
      ...inspection,
      streams: inspection.streams.map((stream) => ({
        ...stream,
        pending: { version: { epoch: 1, generation: 9 }, missing: [] },
      })),
    });
    let looks = 0;
    const played = play(
      quiet(publishing),
      bend((inspection) => {
        if (inspection.streams.length === 0) return inspection;
        looks += 1;
        return looks === 1 ? pending(inspection) : inspection;
      }),
    );
    expect(violationsOf(played)).toEqual([
      "policy agent-1: lost: generation 1.9 was held, now generation 1.1 is",
    ]);
  });

  it("a living peer stays declared dead", () => {
    const strings = bend(bendMember("agent-2", { verdict: "dead", why: "seven votes" }));
    expect(violationsOf(play(quiet({ durationMs: 20_000 }), strings))).toMatchObject([
      expect.stringMatching(
        /^falseDeath agent-1: agent-2 is alive and reachable, and held dead for \d+ ms: seven votes$/,
      ),
    ]);
  });

  it("a queue is over its bound", () => {
    const strings = bend((inspection) => ({
      ...inspection,
      queues: [{ name: "votes", length: 3, bound: 2 }],
    }));
    expect(violationsOf(play(quiet(), strings))).toEqual([
      "boundedQueues agent-1: votes holds 3, its bound is 2",
    ]);
  });

  it("agents do not come to one view", () => {
    const scenario = quiet({ expectations: [{ type: "oneView", fromMs: 1_000, withinMs: 3_000 }] });
    expect(violationsOf(play(scenario))).toEqual([]);
    expect(violationsOf(play(scenario, bend(bendMember("agent-2", { verdict: "unreachable" }))))).toEqual([
      "oneViewMs@1s : not within 3000 ms: agent-1: does not hold the view of agent-0",
    ]);
  });

  it("a death stays unknown", () => {
    const scenario = quiet({
      steps: [{ atMs: 1_000, type: "kill", who: { count: 1, as: "victim" } }],
      expectations: [{ type: "deathsKnown", fromMs: 1_000, withinMs: 2_000 }],
    });
    expect(violationsOf(play(scenario))).toMatchObject([
      expect.stringMatching(/^deathsKnownMs@1s : not within 2000 ms: agent-\d: agent-\d not held dead$/),
    ]);
  });

  it("a generation does not come into force, or only after its time", () => {
    const expectations: Scenario["expectations"] = [
      { type: "inForce", generation: 2, fromMs: 1_000, withinMs: 2_000 },
      { type: "inForce", generation: 2, fromMs: 2_000, withinMs: 60_000 },
    ];
    expect(violationsOf(play(quiet({ ...publishing, expectations })))).toEqual([
      "generation2InForceMs@1s : not within 2000 ms: agent-0: generation 1 is in force",
      "generation2InForceMs@2s : not within 60000 ms: agent-0: generation 1 is in force",
    ]);
  });

  it("a resource stays drifted", () => {
    const scenario = quiet({ expectations: [{ type: "allKept", fromMs: 1_000, withinMs: 2_000 }] });
    const drifted = { ...resource("file:/etc/motd", undefined, ""), phase: "drifted" } as const;
    const played = play(
      scenario,
      bend((inspection) => ({ ...inspection, resources: [drifted] })),
    );
    expect(violationsOf(played)).toEqual(["allKeptMs@1s : not within 2000 ms: agent-1: file:/etc/motd"]);
  });
});

describe("no invariant fires when", () => {
  it.each<[string, Deed]>([
    ["gone", { type: "kill", who: { names: ["agent-2"] } }],
    ["paused", { type: "pause", who: { names: ["agent-2"] } }],
    ["cut off", { type: "cut", from: { names: ["agent-2"] }, to: { names: ["agent-1"] } }],
  ])("a peer that is %s is held dead", (_, deed) => {
    const held = bend(bendMember("agent-2", { verdict: "dead" }));
    const scenario = quiet({ durationMs: 20_000, steps: [{ atMs: 100, ...deed }] });
    expect(violationsOf(play(scenario, held))).toEqual([]);
  });

  it("a living peer is held dead for no longer than it may", () => {
    const holdFor = (heldMs: number): readonly string[] => {
      let toldMs = Number.POSITIVE_INFINITY;
      const strings: Strings = {
        answer: (input, { name, boot }, { wallMs }) => {
          const peer = boot.members[2]?.certificate.agent;
          const inTime = name === "agent-1" && input.type === "wake" && toldMs === Number.POSITIVE_INFINITY;
          if (!inTime || peer === undefined) return [];
          toldMs = wallMs;
          return [{ type: "tell", event: { name: "swarm.dead", level: "warn", fields: { peer } } }];
        },
        show: (inspection) => {
          const isHeld = inspection.wallMs >= toldMs && inspection.wallMs <= toldMs + heldMs;
          const isBent = inspection.name === "agent-1" && isHeld;
          return isBent ? bendMember("agent-2", { verdict: "dead" })(inspection) : inspection;
        },
      };
      return violationsOf(play(quiet({ durationMs: 20_000 }), strings));
    };
    expect(holdFor(5_000)).toEqual([]);
    expect(holdFor(5_002)).toHaveLength(1);
  });

  it("the power took what was held and not yet in force, as no kill may", () => {
    const agent = { index: 1 };
    const pending = { version: { epoch: 1, generation: 9 }, missing: [] };
    const looked = (loses: boolean): readonly string[] => {
      const invariants = new PolicyInvariants(new Publishers([], 1, new Map()));
      expect(invariants.look(agent, { resources: [], streams: [{ author, stream, pending }] })).toEqual([]);
      if (loses) invariants.powerLost(agent);
      return invariants.look(agent, { resources: [], streams: [{ author, stream }] });
    };
    expect(looked(true)).toEqual([]);
    expect(looked(false)).toEqual(["lost: generation 1.9 was held, now nothing is"]);
  });
});

describe("two views", () => {
  type View = Parameters<typeof agree>[0];
  const ids = [0, 1, 2, 3].map((index) => makeId("agent", new Uint8Array(32).fill(index)));
  const viewOf = (own: number, differences: Partial<MemberView> = {}, about = 2): View => ({
    agent: ids[own] as View["agent"],
    incarnation: [1, 1, 0],
    members: ids.flatMap((agent, index) => {
      const base = { name: "", sinceMs: 0, why: "", addresses: [], capabilities: [], votes: [] };
      const held = { ...base, agent, verdict: "reachable", incarnation: [1, 1, 0] } as const;
      const view = { ...held, observedByMe: false, connected: false };
      if (index === own) return [];
      return [index === about ? { ...view, ...differences } : view];
    }),
    streams: [],
  });

  it("agree whoever holds them, and whatever is only suspected", () => {
    for (const left of [0, 1, 2, 3]) {
      for (const right of [0, 1, 2, 3]) {
        if (left === right) continue;
        expect(agree(viewOf(left), viewOf(right))).toBe(true);
        expect(agree(viewOf(left, { verdict: "suspected" }), viewOf(right))).toBe(true);
      }
    }
  });

  it.each<[string, Partial<MemberView>]>([
    ["a verdict", { verdict: "dead" }],
    ["an incarnation", { incarnation: [1, 1, 1] }],
    ["who is a member", { agent: ids[0] as MemberView["agent"] }],
  ])("differ in %s, also of each other", (_, differences) => {
    for (const about of [0, 1, 2, 3]) {
      for (const right of [0, 1, 2, 3]) {
        const left = about === 3 ? 1 : 3;
        if (left === right || ("agent" in differences && about === 0)) continue;
        expect(agree(viewOf(left, differences, about), viewOf(right))).toBe(false);
        expect(agree(viewOf(right), viewOf(left, differences, about))).toBe(false);
      }
    }
  });

  it("differ in the generation in force", () => {
    const manifest = makeId("frag", new Uint8Array(32));
    const active = { version: { epoch: 1, generation: 1 }, manifest };
    const streams = [{ author, stream, active }];
    expect(agree({ ...viewOf(0), streams }, { ...viewOf(1), streams })).toBe(true);
    expect(agree({ ...viewOf(0), streams }, { ...viewOf(1), streams: [{ author, stream }] })).toBe(false);
    expect(agree({ ...viewOf(0), streams }, viewOf(1))).toBe(false);
  });
});
