import type { AgentId } from "@antibody/policy";
import { describe, expect, it } from "vitest";
import type { ResourcePhase } from "../../src/contract/inspection.ts";
import { NEVER } from "../../src/contract/time.ts";
import { overlapMs, takeoverMs } from "../../src/roles/bounds.ts";
import { roleRank } from "../../src/roles/choosing.ts";
import { type LivingPeer, Roles, type RolesChange } from "../../src/roles/roles.ts";
import { roleWord, wordOn } from "../../src/roles/words.ts";
import { defaultSettings } from "../../src/settings.ts";
import { Clock, id, line, testCrypto, viewOf } from "../healing/bench.ts";

const web = id("role:web");

/** Four peers, the most favored for the role `web` first. */
const [first, second, third, fourth] = [..."abcd"]
  .map((letter) => `agent_${letter.repeat(52)}` as AgentId)
  .sort((left, right) => (rankOf(left) < rankOf(right) ? 1 : -1)) as [AgentId, AgentId, AgentId, AgentId];

function rankOf(agent: AgentId): string {
  return roleRank(testCrypto, "web", agent);
}

/** Roles of one agent with a test's hands on what it sees. */
class RolesBench {
  readonly clock = new Clock();
  readonly options;
  roles: Roles;
  peers = new Map<AgentId, "candidate" | "holder" | "doubtful">();
  isCutOff = false;
  isOut = false;
  isAway = false;
  phase: ResourcePhase | undefined = "kept";
  isReleasing = false;

  constructor(own: AgentId) {
    this.options = { agent: own, crypto: testCrypto, settings: defaultSettings };
    this.roles = Roles.create(this.options, []);
  }

  desire(
    promise = { count: 2, returnAfter: "1m" } as const,
    options: Parameters<typeof viewOf>[1] = {},
  ): void {
    this.roles.desire(viewOf({ "role:web": promise }, options), this.clock.turn());
  }

  refresh(): RolesChange {
    const living = [...this.peers].map(
      ([agent, word]): LivingPeer => ({
        agent,
        isSure: word !== "doubtful",
        capabilities: [roleWord("web", word === "doubtful" ? "holder" : word)],
      }),
    );
    const nameOf = () => undefined;
    const peers = {
      nameOf,
      living: () => living,
      isCutOff: this.isCutOff,
      isOut: this.isOut,
      isAway: this.isAway,
    };
    const device = { phaseOf: () => this.phase, isReleasing: () => this.isReleasing };
    return this.roles.refresh(peers, device, this.clock.turn());
  }

  /** What it says after this long; woken only if that is due. */
  after(ms: number): string {
    this.clock.advance(ms);
    if (this.roles.deadline <= this.clock.monoMs) this.roles.wake();
    return this.refresh().words.join(" ");
  }

  lines(): string[] {
    return this.clock.take().map(line);
  }
}

/** An agent that has long been there, and sees these peers. */
function settledBench(
  own: AgentId,
  peers: readonly (readonly [AgentId, "candidate" | "holder"])[],
): RolesBench {
  const bench = new RolesBench(own);
  bench.peers = new Map(peers);
  bench.desire();
  bench.refresh();
  bench.after(defaultSettings.roleSettleMs);
  bench.lines();
  return bench;
}

describe("a role", () => {
  it("is taken up by who is next, after listening for a while", () => {
    const bench = new RolesBench(first);
    bench.desire();
    const change = bench.refresh();
    expect(change).toMatchObject({ held: new Map(), words: ["role:web"], asks: false });
    expect(change.observations).toEqual([
      { resource: web, observation: { type: "standingBy", because: expect.stringContaining("is next") } },
    ]);
    expect(bench.roles.deadline).toBe(bench.clock.monoMs + defaultSettings.roleSettleMs);
    expect(bench.after(2_999)).toBe("role:web");
    expect(bench.after(1)).toBe("role:web:holds");
    expect(bench.lines()).toEqual(["tell info role.held role:web"]);
    expect(bench.roles.inspect(bench.clock.turn().now)).toMatchObject([
      { resource: web, heldHere: true, holders: [first], next: [] },
    ]);
    expect(bench.roles.deadline).toBe(NEVER);
  });

  it("is left to others that are favored more, and to those that hold it already", () => {
    expect(
      settledBench(third, [
        [first, "candidate"],
        [second, "candidate"],
      ]).after(0),
    ).toBe("role:web");
    expect(
      settledBench(first, [
        [third, "holder"],
        [fourth, "holder"],
      ]).after(0),
    ).toBe("role:web");
  });

  it("is taken over at once when a holder is gone, by the next one and nobody else", () => {
    const next = settledBench(second, [
      [first, "holder"],
      [third, "holder"],
      [fourth, "candidate"],
    ]);
    next.peers.delete(third);
    expect(next.after(0)).toBe("role:web:holds");
    const last = settledBench(fourth, [
      [first, "holder"],
      [second, "candidate"],
      [third, "holder"],
    ]);
    last.peers.delete(third);
    expect(last.after(0)).toBe("role:web");
    expect(last.after(60_000)).toBe("role:web");
  });

  it("is yielded by the least favored where too many have held it for a while", () => {
    const bench = settledBench(third, [[first, "holder"]]);
    expect(bench.after(0)).toBe("role:web:holds");
    bench.peers.set(second, "holder");
    expect(bench.after(0)).toBe("role:web:holds");
    expect(bench.after(999)).toBe("role:web:holds");
    // The word is given up only when what goes with the role has been stopped.
    expect(bench.after(1)).toBe("role:web:holds");
    expect(bench.roles.inspect(bench.clock.turn().now)).toMatchObject([{ heldHere: false }]);
    expect(bench.after(0)).toBe("role:web");
    const favored = settledBench(first, [[second, "holder"]]);
    favored.peers.set(third, "holder");
    expect(favored.after(60_000)).toBe("role:web:holds");
  });

  it("is not yielded for an excess that is over before that", () => {
    const bench = settledBench(third, [[first, "holder"]]);
    bench.peers.set(second, "holder");
    bench.after(0);
    bench.peers.set(second, "candidate");
    bench.after(900);
    bench.peers.set(second, "holder");
    bench.after(10);
    expect(bench.after(990)).toBe("role:web:holds");
  });

  it("is not free, nor taken again, until what went with it has been stopped", () => {
    const bench = settledBench(third, [[first, "holder"]]);
    bench.peers.set(second, "holder");
    bench.after(0);
    bench.isReleasing = true;
    bench.after(1_000);
    expect(bench.after(1_000)).toBe("role:web:holds");
    bench.peers.delete(second);
    expect(bench.after(10_000)).toBe("role:web:holds");
    expect(bench.roles.inspect(bench.clock.turn().now)).toMatchObject([{ heldHere: false }]);
    bench.isReleasing = false;
    expect(bench.after(0)).toBe("role:web:holds");
    expect(bench.roles.inspect(bench.clock.turn().now)).toMatchObject([{ heldHere: true }]);
  });

  describe("goes back to who is favored more", () => {
    function heldByThird(): RolesBench {
      const bench = settledBench(third, [[second, "holder"]]);
      bench.peers.set(first, "candidate");
      bench.after(0);
      return bench;
    }

    it("after the time without change, and after a sign of life of the others", () => {
      const bench = heldByThird();
      expect(bench.after(59_999)).toBe("role:web:holds");
      bench.clock.advance(1);
      expect(bench.refresh()).toMatchObject({ asks: true, words: ["role:web:holds"] });
      expect(bench.refresh().asks).toBe(false);
      bench.after(1_000);
      expect(bench.roles.inspect(bench.clock.turn().now)).toMatchObject([{ heldHere: false }]);
      expect(bench.after(0)).toBe("role:web");
      bench.peers.set(first, "holder");
      expect(bench.after(600_000)).toBe("role:web");
    });

    it("not while another holder may be gone", () => {
      const bench = heldByThird();
      bench.after(60_000);
      bench.peers.set(second, "doubtful");
      bench.after(1_000);
      expect(bench.roles.inspect(bench.clock.turn().now)).toMatchObject([{ heldHere: true }]);
      bench.peers.set(second, "holder");
      bench.after(1_000);
      expect(bench.roles.inspect(bench.clock.turn().now)).toMatchObject([{ heldHere: false }]);
    });

    it("not before it has heard of the others anew, where one of them may be gone", () => {
      const bench = heldByThird();
      bench.peers.set(second, "doubtful");
      bench.clock.advance(60_000);
      expect(bench.refresh().asks).toBe(true);
      bench.clock.advance(1_000);
      expect(bench.refresh().asks).toBe(true);
      bench.peers.set(second, "holder");
      expect(bench.after(999)).toBe("role:web:holds");
      bench.after(1);
      expect(bench.after(0)).toBe("role:web");
    });

    it("not right after a sleep, in which others may have changed", () => {
      const bench = heldByThird();
      bench.after(30_000);
      bench.roles.slept(bench.clock.turn());
      expect(bench.after(30_000)).toBe("role:web:holds");
      bench.after(29_999);
      expect(bench.refresh().asks).toBe(false);
      bench.clock.advance(1);
      expect(bench.refresh().asks).toBe(true);
    });

    it("and not taken up again at once where whoever it was given to does not come", () => {
      const bench = heldByThird();
      bench.after(60_000);
      bench.after(1_000);
      expect(bench.after(0)).toBe("role:web");
      bench.peers.delete(first);
      expect(bench.after(defaultSettings.roleSettleMs - 1)).toBe("role:web");
      expect(bench.after(1)).toBe("role:web:holds");
    });

    it("not while anything changes", () => {
      const bench = heldByThird();
      for (let change = 0; change < 10; change += 1) {
        if (change % 2 === 0) bench.peers.set(fourth, "candidate");
        else bench.peers.delete(fourth);
        expect(bench.after(30_000)).toBe("role:web:holds");
      }
    });

    it("only from the least favored holder", () => {
      const bench = settledBench(second, [[third, "holder"]]);
      bench.peers.set(first, "candidate");
      expect(bench.after(600_000)).toBe("role:web:holds");
      expect(bench.after(600_000)).toBe("role:web:holds");
    });
  });

  it.each([
    ["its sleep", (bench: RolesBench) => bench.roles.slept(bench.clock.turn())],
    ["it was cut off", (bench: RolesBench) => Object.assign(bench, { isCutOff: true })],
  ])("is not taken up soon after %s, whoever seems gone", (_, disturb) => {
    const bench = settledBench(third, [
      [first, "holder"],
      [second, "holder"],
    ]);
    disturb(bench);
    bench.peers.clear();
    expect(bench.after(0)).toBe("role:web");
    expect(bench.after(2_999)).toBe("role:web");
    expect(bench.after(1)).toBe("role:web:holds");
  });

  it("is held on to through a sleep: whether others took it over shows", () => {
    const bench = settledBench(third, [[first, "holder"]]);
    bench.roles.slept(bench.clock.turn());
    expect(bench.after(60_000)).toBe("role:web:holds");
  });

  it.each([
    ["under a grant that only looks", { mode: "warn" } as const, "kept" as const],
    ["while the promise is in dispute", {}, "held" as const],
  ])("is not taken up %s", (_, options, phase) => {
    const bench = new RolesBench(first);
    bench.phase = phase;
    bench.desire(undefined, options);
    expect(bench.refresh()).toMatchObject({
      words: [],
      observations: [{ observation: { type: "withheld" } }],
    });
    expect(bench.after(60_000)).toBe("");
  });

  it("is given up for good by who is put out of the swarm, whoever seems gone", () => {
    const bench = settledBench(first, [[second, "holder"]]);
    expect(bench.refresh().held.size).toBe(1);
    bench.isOut = true;
    bench.peers.clear();
    expect(bench.refresh()).toMatchObject({
      held: new Map(),
      words: [],
      observations: [{ observation: { type: "withheld", because: "this device was put out of its swarm" } }],
    });
    expect(bench.after(600_000)).toBe("");
  });

  it("is told anew when the promise changed, since healing has forgotten", () => {
    const bench = settledBench(first, []);
    bench.desire({ count: 2, returnAfter: "1m" }, { generation: 2 });
    expect(bench.refresh().observations).toEqual([]);
    bench.desire({ count: 3, returnAfter: "1m" } as never);
    expect(bench.refresh().observations).toHaveLength(1);
    expect(bench.roles.inspect(bench.clock.turn().now)).toMatchObject([{ heldHere: true, count: 3 }]);
    bench.roles.desire(viewOf({}), bench.clock.turn());
    expect(bench.refresh()).toMatchObject({ held: new Map(), words: [] });
  });

  it("goes on in a restored dump as if nothing had been", () => {
    const bench = settledBench(third, [[first, "holder"]]);
    bench.peers.set(second, "holder");
    bench.after(0);
    bench.roles = Roles.restore(bench.options, bench.roles.dump());
    expect(bench.after(999)).toBe("role:web:holds");
    bench.after(1);
    expect(bench.roles.inspect(bench.clock.turn().now)).toMatchObject([{ heldHere: false }]);
  });
});

it("says in one word what a member says of a role", () => {
  for (const word of ["candidate", "holder"] as const)
    expect(wordOn("web", [roleWord("web", word)])).toBe(word);
  expect(wordOn("web", [roleWord("web2", "holder"), "web"])).toBeUndefined();
});

it("has bounds that follow from the settings", () => {
  expect([takeoverMs(defaultSettings), overlapMs(defaultSettings)]).toEqual([10_000, 37_500]);
});
