import type { Input, Output } from "@antibody/core";
import { describe, expect, it } from "vitest";
import type { ScenarioBundle } from "../src/scenarios/scenario.ts";
import { type Habit, habits, type Step } from "../src/scenarios/step.ts";
import { type Play, play, quiet, type Strings } from "./puppet.ts";

const bundle: ScenarioBundle = {
  stream: "home",
  documents: [{ name: "motd", promises: { "file:/etc/motd": { content: "generation {generation}\n" } } }],
  scope: ["file:/etc/**"],
  powers: [],
  mode: "enforce",
};

const liar = "agent-2";

/** Puppets on a ring, one of which is corrupt from the first second on. */
function playedWith(wrong: readonly Habit[], strings: Strings = {}, who: readonly string[] = [liar]): Play {
  const steps: readonly Step[] = [
    { atMs: 1_000, type: "corrupt", who: { names: who }, habits: wrong, everyMs: 500 },
    { atMs: 2_000, type: "publish", generation: 1, to: { names: ["agent-0"] } },
  ];
  return play(quiet({ agents: 8, steps, bundles: [bundle] }), strings);
}

/** Everything of one type that honest puppets were given. */
function heard<Type extends Input["type"]>(played: Play, type: Type): Extract<Input, { type: Type }>[] {
  return played.running.world.agents
    .filter(({ corruption }) => corruption === undefined)
    .flatMap(({ name }) => played.puppets(name).flatMap(({ inputs }) => inputs))
    .map(({ input }) => input)
    .filter((input): input is Extract<Input, { type: Type }> => input.type === type);
}

function messages(played: Play): readonly Extract<Input, { type: "message" }>["message"][] {
  return heard(played, "message").map(({ message }) => message);
}

describe("a corrupt member", () => {
  it("cannot sign for others: what it forges gets to no mind", () => {
    const played = playedWith(["forgeEntries", "forgeDeaths", "forgePolicy"]);
    const { border } = played.running.world;
    expect(border.refusedStatements).toBeGreaterThan(20);
    expect(border.refusedPolicies).toBeGreaterThan(20);
    for (const { rumor } of heard(played, "rumor")) expect(rumor).toBe("nothing of it");
    for (const message of messages(played)) {
      if (message.type === "votes") expect(message.votes).toEqual([]);
      if (message.type === "items") expect([...message.members, ...message.deaths]).toEqual([]);
    }
    // Its own author is sound, and whether anybody granted it anything is each mind's business.
    const authors = new Set(heard(played, "policy").map(({ policy }) => policy.author));
    const [publisher] = new Set(
      heard(played, "policy")
        .filter(({ from }) => from === "owner")
        .map(({ policy }) => policy.author),
    );
    expect(authors.size).toBeGreaterThan(1);
    const generations = heard(played, "policy").flatMap(({ policy }) =>
      policy.author === publisher && policy.type === "manifest" ? [policy.manifest.generation] : [],
    );
    expect(new Set(generations)).toEqual(new Set([1]));
  });

  it("can vote with its accomplices, and for nobody else", () => {
    const hand = [liar, "agent-5"];
    const played = playedWith(["falseVotes"], {}, hand);
    const held = played.running.world.agents.filter(({ name }) => hand.includes(name)).map(({ id }) => id);
    const deaths = heard(played, "rumor").flatMap(({ rumor }) =>
      rumor.type === "deaths" ? rumor.deaths : [],
    );
    expect(deaths.length).toBeGreaterThan(5);
    for (const { subject, votes } of deaths) {
      expect(votes.map(({ vote }) => vote.observer).sort()).toEqual([...held].sort());
      expect(held).not.toContain(subject);
    }
    expect(played.running.world.border.refusedStatements).toBe(0);
  });

  it("can tell the past again, as it was signed", () => {
    const entries = heard(playedWith(["replayRumors"]), "rumor").flatMap(({ rumor }) =>
      rumor.type === "members" ? rumor.members.map(({ entry }) => entry.entry.incarnation) : [],
    );
    expect(entries.length).toBeGreaterThan(20);
    expect(new Set(entries.map((incarnation) => incarnation.join(".")))).toEqual(new Set(["1.1.0"]));
  });

  it("withholds votes, lies for others and about what it holds, each where it is asked to", () => {
    const said: Strings = {
      answer: (input, puppet) => {
        if (input.type !== "message" || input.message.type !== "probe" || puppet.name !== liar) return [];
        const send = (message: Extract<Output, { type: "send" }>["message"]): Output => ({
          type: "send",
          to: input.from,
          message,
        });
        const subject = puppet.options.agent;
        return [
          send({ type: "votes", votes: [] }),
          send({ type: "probeReport", sequence: 1, subject, answered: true }),
        ];
      },
    };
    const seen = (wrong: readonly Habit[]): { votes: number; answered: number; digests: number } => {
      // What was said before the first second was honest.
      const all = messages(playedWith(wrong, said));
      return {
        votes: all.filter(({ type }) => type === "votes").length,
        answered: all.filter((message) => message.type === "probeReport" && message.answered).length,
        digests: new Set(all.flatMap((message) => ("digests" in message ? [message.digests.members] : [])))
          .size,
      };
    };
    const honest = seen(["swallowGossip"]);
    expect(honest.digests).toBe(1);
    expect(seen(["withholdVotes"]).votes).toBeLessThan(honest.votes / 2);
    expect(seen(["lieForOthers"]).answered).toBeLessThan(honest.answered / 2);
    expect(seen(["lieAboutDigests"]).digests).toBeGreaterThan(10);
  });

  it("that swallows gossip starves those behind it", () => {
    // Everyone but two is corrupt: what one honest agent has, the other hears from a neighbor or not at all.
    const names = ["agent-1", "agent-2", "agent-3", "agent-5", "agent-6", "agent-7"];
    const policies = (wrong: readonly Habit[]): number =>
      heard(playedWith(wrong, {}, names), "policy").filter(({ from }) => from !== "owner").length;
    expect(policies(["lieForOthers"])).toBeGreaterThan(0);
    expect(policies(["swallowGossip"])).toBe(0);
  });

  it("stays corrupt through a restart, and can have every habit", () => {
    const steps: readonly Step[] = [
      { atMs: 1_000, type: "corrupt", who: { names: [liar] }, habits, everyMs: 500 },
      { atMs: 3_000, type: "kill", who: { names: [liar] } },
      { atMs: 5_000, type: "restart", who: { names: [liar] } },
    ];
    const refusedBy = (durationMs: number): number =>
      play(quiet({ agents: 8, steps, bundles: [bundle], durationMs })).running.world.border.refusedStatements;
    expect(refusedBy(3_100)).toBeGreaterThan(0);
    expect(refusedBy(4_900)).toBe(refusedBy(3_100));
    expect(refusedBy(9_000)).toBeGreaterThan(refusedBy(4_900));
  });
});
