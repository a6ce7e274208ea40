import { describe, expect, test } from "vitest";
import { defaultSettings } from "../../src/settings.ts";
import { Links } from "../../src/swarm/links.ts";
import { Directory } from "../../src/swarm/members/directory.ts";
import { Roster } from "../../src/swarm/members/roster.ts";
import { Observers } from "../../src/swarm/observing/observers.ts";
import { enrol, fakeCrypto } from "./people.ts";
import { World } from "./world.ts";

const names = Array.from({ length: 30 }, (_, index) => `n${index}`);
const { voteLifetimeMs } = defaultSettings;

/** With whom each has a session. */
function sessions(world: World): Map<string, readonly string[]> {
  return new Map(
    [...world.hosts].map(([name, host]) => [
      name,
      [...host.sessions].map(({ person }) => person.name).sort(),
    ]),
  );
}

describe("sessions", () => {
  test("are those with observed peers again, once all that were gone are back", () => {
    const world = World.formed(names);
    const before = sessions(world);
    for (const name of names.slice(0, 10)) {
      world.kill(name);
      world.run(5_000);
      world.boot(name);
      world.run(3_000);
    }
    world.run(2 * voteLifetimeMs);
    expect(sessions(world)).toEqual(before);
  });

  test("that a body keeps for something else are offered again as long as they stand", () => {
    const peer = enrol("peer").agent;
    const directory = new Directory(Roster.of([], 5, fakeCrypto));
    const links = new Links(directory, new Observers(directory, defaultSettings), defaultSettings);
    const released: number[] = [];
    const turnAt = (monoMs: number): never =>
      ({
        now: { monoMs, wallMs: 0 },
        emit: ({ type }: { type: string }) => {
          if (type === "release") released.push(monoMs);
        },
      }) as never;
    links.opened(peer);
    links.lapse(peer, turnAt(0));
    links.lapse(peer, turnAt(30_000));
    for (let at = 0; at <= 3.5 * voteLifetimeMs; at += 1_000) links.release(() => false, turnAt(at));
    expect(released).toEqual([voteLifetimeMs, 2 * voteLifetimeMs, 3 * voteLifetimeMs]);
    links.closed(peer);
    expect(links.deadline).toBe(Number.POSITIVE_INFINITY);
    // Observed again by then: it stays, and is not asked about any more.
    links.opened(peer);
    links.lapse(peer, turnAt(0));
    links.release(() => true, turnAt(voteLifetimeMs));
    expect([released.length, links.deadline]).toEqual([3, Number.POSITIVE_INFINITY]);
  });
});
