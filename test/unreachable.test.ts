import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { allHold, eventually, form, makeColony, type TestColony } from "./harness/colonies.ts";
import { Namespaces, whyNoNamespaces } from "./harness/namespaces.ts";

/** More than observe everyone, so that some hear of it only from others. */
const names = Array.from({ length: 14 }, (_, index) => `u${index + 1}`);
const cut = "u9";
const survivors = names.filter((name) => name !== cut);
const reason = whyNoNamespaces();

describe.skipIf(reason !== undefined)(
  `one of fourteen whose cable is cut${reason === undefined ? "" : ` (${reason})`}`,
  () => {
    let namespaces: Namespaces;
    let test: TestColony;

    // Apart from the test: on a busy machine fourteen agents take a while to meet.
    beforeAll(async () => {
      namespaces = new Namespaces(names);
      test = makeColony({ namespaces });
      await form(test, names);
    });

    afterAll(async () => {
      await test.end();
      namespaces.end();
    });

    it("is unreachable to all, by whose word they say, then dead by quorum, and back after the heal", async () => {
      const { colony } = test;
      const agents = survivors.map((name) => colony.agent(name));
      const before = new Map(agents.map((agent) => [agent, agent.lines.length]));
      const linesOf = (event: string) =>
        agents.map((agent) => agent.events(event, before.get(agent)).filter(({ name }) => name === cut));
      namespaces.cut(cut);
      await eventually("every survivor to find it unreachable", () =>
        linesOf("swarm.unreachable").every(({ length }) => length > 0),
      );
      const found = linesOf("swarm.unreachable").map(([first]) => first);
      // Up to ten observe it themselves; the others name two of them at least.
      const told = found.flatMap((line) => (Array.isArray(line?.["by"]) ? [line["by"] as string[]] : []));
      expect(told.length).toBeGreaterThan(0);
      for (const by of told) {
        expect(by.length).toBeGreaterThanOrEqual(2);
        expect(survivors).toEqual(expect.arrayContaining(by));
      }
      await eventually("all to hold it dead", () => allHold(agents, [cut], "dead"));
      for (const [index, deaths] of linesOf("swarm.dead").entries()) {
        expect(Number(deaths[0]?.atMs)).toBeGreaterThanOrEqual(Number(found[index]?.atMs));
      }
      namespaces.heal();
      await eventually("one view", () => allHold(colony.agents, names, "reachable"));
    });
  },
);
