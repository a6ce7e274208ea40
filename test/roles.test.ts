import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, makeColony } from "./harness/colonies.ts";
import { count, names, RoleColony } from "./harness/roleColonies.ts";

let roles: RoleColony;

beforeAll(async () => {
  roles = await RoleColony.form(makeColony());
  await roles.settled();
});

afterAll(() => roles.end());

describe("two of five devices", () => {
  it("run a workload; where one and its agent are killed, another takes its place, and the other stays", async () => {
    const [victim = "", stays] = roles.running();
    await roles.kill(victim);
    const now = await roles.settled(victim);
    expect(now).toContain(stays);
    await roles.test.colony.start(victim);
    // It is back, and displaces nobody.
    await eventually("it to stand by", async () => {
      const view = await roles.test.colony.agent(victim).resource("process:web");
      return view?.phase === "standingBy";
    });
    expect(roles.running()).toEqual(now);
  });

  it("are others when both are killed at once", async () => {
    const victims = roles.running();
    await roles.kill(...victims);
    await roles.settled(...victims);
    for (const victim of victims) await roles.test.colony.start(victim);
  });

  it("are two again when an agent that slept wakes up and others have taken its place", async () => {
    const [victim = ""] = await roles.settled();
    const { colony } = roles.test;
    colony.agent(victim).kill("SIGSTOP");
    await eventually("a third to run it", () => roles.running().length > count);
    colony.agent(victim).kill("SIGCONT");
    await roles.settled();
  });

  it("are told of by everyone alike", async () => {
    const [first = ""] = names;
    const running = await roles.settled();
    const { colony } = roles.test;
    await eventually("all to name them", async () => {
      const views = await Promise.all(names.map((name) => colony.command(name, "why", "role:web")));
      return views.every((view) => {
        const { holders } = view["role"] as { readonly holders: readonly { readonly name: string }[] };
        return (
          holders
            .map(({ name }) => name)
            .toSorted()
            .join() === running.join()
        );
      });
    });
    const status = await colony.command(first, "status");
    expect(status["health"]).toBe("ok");
    expect(status["roles"]).toMatchObject([
      { resource: "role:web", count, heldHere: running.includes(first) },
    ]);
  });
});
