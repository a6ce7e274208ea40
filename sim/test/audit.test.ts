import { type Member, memberWire, type Output, type PeerMessage } from "@antibody/core";
import { describe, expect, it } from "vitest";
import { runScenario } from "../src/index.ts";
import { Running } from "../src/running.ts";
import { findScenario } from "../src/scenarios/index.ts";
import type { SimAgent, SimMind } from "../src/world/agent.ts";
import { createCoreMind } from "../src/world/coreMind.ts";

/** Bytes of which the last, of the signature, is another. */
function forged(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1;
  return copy;
}

/** What passes for verified in the lane that verifies once, and is not. */
const plants = {
  "a vote with a forged signature": (output: Output): Output => {
    if (output.type !== "send" || output.message.type !== "votes") return output;
    const votes = output.message.votes.map((vote) => ({ ...vote, bytes: forged(vote.bytes) }));
    return { ...output, message: { ...output.message, votes } };
  },
  "a death of which one vote is forged": (output: Output): Output => {
    if (output.type !== "publishRumor" || output.rumor.type !== "deaths") return output;
    const deaths = output.rumor.deaths.map((death) => ({
      ...death,
      votes: death.votes.map((vote, index) => (index > 0 ? vote : { ...vote, bytes: forged(vote.bytes) })),
    }));
    return { ...output, rumor: { ...output.rumor, deaths } };
  },
  "an entry that says other than its bytes": (output: Output): Output => {
    if (output.type !== "publishRumor" || output.rumor.type !== "members") return output;
    const members = output.rumor.members.map(({ certificate, entry }) => ({
      certificate,
      entry: { ...entry, entry: { ...entry.entry, build: "bent" } },
    }));
    return { ...output, rumor: { ...output.rumor, members } };
  },
  "policy with a forged signature": (output: Output): Output => {
    if (output.type !== "send" || output.message.type !== "items") return output;
    const policy = output.message.policy.map((one) => ({ ...one, bytes: forged(one.bytes) }));
    return { ...output, message: { ...output.message, policy } };
  },
} as const satisfies { readonly [name: string]: (output: Output) => Output };

describe("the audit lane", () => {
  it.each([
    ["mass-death", 20],
    ["churn", 12],
    ["byzantine", 12],
    ["replay-rollback", 6],
    ["conflicting-publishers", 13],
  ])(
    "verifies everything of %s, and comes to the hash of the lane that verifies once",
    async (scenario, agents) => {
      const report = await runScenario({ scenario, agents, seed: 3, audit: true });
      expect(report.violations).toEqual([]);
      expect(report.audit?.hash).toBe(report.hash);
      expect(report.audit?.receipts).toBeGreaterThan(100);
    },
  );

  it.each(Object.entries(plants))("finds %s", async (_name, plant) => {
    const createMind = (...made: Parameters<typeof createCoreMind>): SimMind => {
      const mind = createCoreMind(...made);
      const step = mind.step.bind(mind);
      mind.step = (input, now) => {
        const { outputs, wakeAt } = step(input, now);
        return { outputs: outputs.map(plant), wakeAt };
      };
      return mind;
    };
    const options = { scenario: "churn", agents: 12, seed: 3, createMind };
    const found = (await runScenario({ ...options, audit: true })).violations;
    expect(found.map(({ invariant }) => invariant)).toContain("audit");
    const once = (await runScenario(options)).violations;
    expect(once.map(({ invariant }) => invariant)).not.toContain("audit");
  });

  it("finds a verdict that its bytes do not deserve", () => {
    const heard = (isAudited: boolean): { readonly taken: number; readonly told: readonly string[] } => {
      const { world } = new Running(findScenario("clean-publish"), 3, 1, createCoreMind);
      const told: string[] = [];
      const [agent, peer] = world.agents as [SimAgent, SimAgent];
      world.startProcess(agent);
      const wire = memberWire(world.population.members[peer.index] as Member);
      const own = { ...wire, entry: wire.entry.slice() };
      const message = (): PeerMessage =>
        world.border.message(agent, { type: "items", members: [own], deaths: [], policy: [] });
      if (isAudited) world.border.audit((of, detail) => told.push(`${of.name}: ${detail}`));
      expect(message()).toMatchObject({ members: [{}] });
      // The verdict is remembered by these very bytes.
      own.entry.set(forged(own.entry));
      const after = message();
      return { taken: after.type === "items" ? after.members.length : 0, told };
    };
    expect(heard(false)).toEqual({ taken: 1, told: [] });
    expect(heard(true)).toEqual({
      taken: 0,
      told: ["agent-0: a member does not verify, and was taken: badSignature"],
    });
  });
});
