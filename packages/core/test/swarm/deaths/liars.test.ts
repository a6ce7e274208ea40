import { expect, test } from "vitest";
import { bootJumpMax } from "../../../src/limits.ts";
import { Directory } from "../../../src/swarm/members/directory.ts";
import { Roster } from "../../../src/swarm/members/roster.ts";
import { enrol, fakeCrypto, memberOf } from "../people.ts";
import { World } from "../world.ts";

test("nobody's word that it reached a peer counts where it was not asked: the dead stay dead", () => {
  const world = World.formed(["a", "b", "c", "d", "e"], { stalledVoteAfterMs: 5_000 });
  world.pause("e");
  const subject = world.agent("e");
  const message = { type: "probeReport", sequence: 1, subject, answered: true } as const;
  for (let second = 0; second < 20; second += 1) {
    for (const name of ["a", "b", "c"]) {
      world.feed(world.host(name), { type: "message", from: world.agent("d"), message });
    }
    world.run(1_000);
  }
  expect(["a", "b", "c"].map((name) => world.verdict(name, "e"))).toEqual(["dead", "dead", "dead"]);
});

test("members that are refused leave nothing behind, however many an inviter makes", () => {
  const directory = new Directory(Roster.of([], 5, fakeCrypto));
  const forged = Array.from({ length: 20 }, (_, index) =>
    memberOf(enrol(`forged-${index}`), [1, bootJumpMax + 1, 0]),
  );
  directory.enrol(forged);
  expect(forged.map((member) => directory.accept(member))).toEqual(forged.map(() => "refused"));
  expect([directory.size, directory.roster.size]).toEqual([0, 0]);
});
