import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { allHold, eventually, makeAuthor, makeColony, type TestColony } from "./harness/colonies.ts";
import { OlderBuild, whyNoOlderBuild } from "./harness/olderBuild.ts";

/** Speaks version 1.0.0 of each protocol: before leased roles, and before what is not known was ignored. */
const commit = "9b51941";
const names = ["new", "old", "third"] as const;
const reason = whyNoOlderBuild(commit);

describe.skipIf(reason !== undefined)(
  `an agent of an older build${reason === undefined ? "" : ` (${reason})`}`,
  () => {
    let older: OlderBuild;
    let test: TestColony;

    beforeAll(() => {
      older = new OlderBuild(commit);
      test = makeColony({ builds: { old: older.launcher } });
    });
    afterAll(async () => {
      await test.end();
      older.end();
    });

    async function publish(at: string, keyFile: string, stream: string, promises: object): Promise<void> {
      const file = join(test.colony.directory, `${stream}.yaml`);
      writeFileSync(file, `stream: ${stream}\nname: ${stream}\npromises: ${JSON.stringify(promises)}\n`);
      await test.colony.command(at, "publish", file, "--author", keyFile);
    }

    it("joins, lets others join, gives and takes policy, and is not told what it does not know", async () => {
      const { colony } = test;
      await colony.command("new", "init", "--name", "new");
      await colony.start("new");
      for (const [inviter, joiner] of [
        ["new", "old"],
        ["old", "third"],
      ] as const) {
        const { code } = await colony.command(inviter, "invite", "--expires", "5m", "--may-invite");
        await colony.command(joiner, "join", String(code), "--name", joiner);
        await colony.start(joiner);
      }
      const areAllThere = () => allHold(colony.agents, names, "reachable");
      await eventually("everyone to reach everyone", areAllThere);
      const author = await makeAuthor(test, "new");
      for (const at of ["new", "old"]) {
        await publish(at, author.keyFile, at, { [`file:/etc/${at}`]: { content: at } });
        await eventually(`what ${at} published on all`, async () => {
          const texts = await Promise.all(colony.agents.map((agent) => agent.read(`/etc/${at}`)));
          return texts.every((text) => text === at);
        });
      }
      const majority = names.map((name) => colony.agent(name).id);
      await publish("new", author.keyFile, "lease", { "role:db": { count: 1, majority, lease: "3s" } });
      const phaseOf = async (name: string) => (await colony.agent(name).resource("role:db"))?.phase;
      await eventually("one of the two that know of leases to hold the role", async () =>
        [await phaseOf("new"), await phaseOf("third")].includes("kept"),
      );
      await colony.agent("third").end();
      await eventually("the older one to know", async () => {
        const { members } = await colony.agent("old").inspect();
        return members.some(({ name, verdict }) => name === "third" && verdict === "left");
      });
      await eventually("the two to reach each other", () =>
        allHold([colony.agent("new"), colony.agent("old")], ["new", "old"], "reachable"),
      );
      for (const agent of colony.agents) {
        expect([agent.name, agent.events("network.banned")]).toEqual([agent.name, []]);
      }
    });
  },
);
