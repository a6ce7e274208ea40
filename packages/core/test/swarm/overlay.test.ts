import type { AgentId } from "@antibody/policy";
import { describe, expect, test } from "vitest";
import { defaultSettings } from "../../src/settings.ts";
import { Directory } from "../../src/swarm/members/directory.ts";
import { Roster } from "../../src/swarm/members/roster.ts";
import { Observers } from "../../src/swarm/observing/observers.ts";
import { overlayOf } from "../../src/swarm/overlay.ts";
import { enrol, fakeCrypto, memberOf, type Person, voteOf } from "./people.ts";

const people = Array.from({ length: 60 }, (_, index) => enrol(`member-${index}`));
const [own, friend, victim] = people as [Person, Person, Person];

function swarmOf(size: number) {
  const directory = new Directory(Roster.of([], defaultSettings.ringCount, fakeCrypto));
  for (const person of people.slice(0, size)) directory.accept(memberOf(person, [1, 1, 0]));
  const observers = new Observers(directory, defaultSettings);
  const links = { has: (peer: AgentId) => peer === friend.agent };
  return { agent: own.agent, directory, observers, links };
}

const overlay = (parts: ReturnType<typeof swarmOf>) =>
  overlayOf(parts, (peer) => (parts.directory.standingOf(peer) === "dead" ? "dead" : "reachable"));

describe("the overlay", () => {
  test.each([1, 5, 60])("of %i says of everyone whom the rule of observing names", (size) => {
    const parts = swarmOf(size);
    const members = overlay(parts);
    expect(members.map(({ agent }) => agent).toSorted()).toEqual(
      people
        .slice(0, size)
        .map(({ agent }) => agent)
        .toSorted(),
    );
    const fresh = new Observers(parts.directory, defaultSettings);
    for (const { agent, observers } of members) expect(observers).toEqual(fresh.of(agent).observers);
  });

  test("begins with the agent itself, and goes around the first ring", () => {
    const parts = swarmOf(60);
    const { roster } = parts.directory;
    const slots = overlay(parts).map(({ agent }) => roster.slotOf(agent) ?? -1);
    expect(slots[0]).toBe(roster.slotOf(own.agent));
    for (const [index, slot] of slots.entries())
      expect(roster.neighbor(0, slot, 1)).toBe(slots[(index + 1) % slots.length]);
  });

  test("shows sessions and verdicts, and no dead as observer", () => {
    const parts = swarmOf(60);
    const incarnation = [1, 1, 0] as const;
    const votes = [voteOf(friend, victim, incarnation)];
    parts.directory.declareDead({ subject: victim.agent, incarnation, votes });
    const members = overlay(parts);
    expect(members.filter(({ connected }) => connected).map(({ agent }) => agent)).toEqual([friend.agent]);
    expect(members.find(({ agent }) => agent === victim.agent)?.verdict).toBe("dead");
    for (const { observers } of members) expect(observers).not.toContain(victim.agent);
  });

  test("names nobody for who said goodbye", () => {
    const parts = swarmOf(5);
    const { certificate, entry } = memberOf(victim, [1, 1, 1]);
    const left = { ...entry, entry: { ...entry.entry, status: "left" as const } };
    parts.directory.accept({ certificate, entry: left });
    const observersOf = new Map(overlay(parts).map(({ agent, observers }) => [agent, observers]));
    expect(observersOf.get(victim.agent)).toEqual([]);
    expect(observersOf.get(friend.agent)).not.toContain(victim.agent);
    expect(observersOf.get(friend.agent)).toHaveLength(3);
  });

  test("is looked at without a change of what the agent remembers", () => {
    const parts = swarmOf(60);
    const before = parts.observers.of(own.agent);
    overlay(parts);
    expect(parts.observers.of(own.agent)).toBe(before);
  });
});
