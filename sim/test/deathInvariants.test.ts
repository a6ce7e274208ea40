import { describe, expect, it } from "vitest";
import { loneVotes } from "../src/invariants/loneVotes.ts";
import { TakenBack } from "../src/invariants/takenBack.ts";
import type { SimAgent } from "../src/world/agent.ts";

describe("loneVotes", () => {
  it.each([
    ["1 votes: 1 cut", 1],
    ["1 votes: 1 stalled", 1],
    ["1 votes: 1 refused", 0],
    ["2 votes: 2 cut", 0],
    ["11 votes: 11 cut", 0],
    ["7 votes: 6 refused, 1 cut", 0],
  ])("of a death by %s finds %i", (why, found) => {
    const member = { name: "attic", verdict: "dead", why } as never;
    expect(loneVotes({ members: [member] })).toHaveLength(found);
    expect(loneVotes({ members: [{ ...(member as object), verdict: "stalled" } as never] })).toEqual([]);
  });
});

describe("takenBack", () => {
  const agent = (index: number, life = 1): SimAgent => ({ index, life, name: `agent-${index}` }) as SimAgent;

  it("finds a death that one process declares twice", () => {
    const takenBack = new TakenBack(10);
    expect(takenBack.hear(agent(1), agent(2), "1.1")).toEqual([]);
    expect(takenBack.hear(agent(3), agent(2), "1.1")).toEqual([]);
    expect(takenBack.hear(agent(1), agent(2), "1.2")).toEqual([]);
    // What a process held is gone with it.
    expect(takenBack.hear(agent(1, 2), agent(2), "1.1")).toEqual([]);
    expect(takenBack.hear(agent(1), agent(2), "1.1")).toHaveLength(1);
  });

  it("does not look in large worlds", () => {
    const takenBack = new TakenBack(10_000);
    takenBack.hear(agent(1), agent(2), "1.1");
    expect(takenBack.hear(agent(1), agent(2), "1.1")).toEqual([]);
  });
});
