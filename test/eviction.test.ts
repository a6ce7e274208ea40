import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { eventually, form, makeAuthor, makeColony, runOn, type TestColony } from "./harness/colonies.ts";

const names = ["hall", "kitchen", "shed"] as const;

/** Names of the peers that an agent holds for members. */
async function peersOf({ colony }: TestColony, name: string): Promise<readonly string[]> {
  const { members } = await colony.agent(name).inspect();
  return members.map((member) => member.name).sort();
}

describe("a device that is put out of its swarm", () => {
  it("is gone for all, knows why, heals on, and does not come back", async () => {
    const test = makeColony();
    const { colony } = test;
    try {
      await form(test, names);
      const author = await makeAuthor(test, "hall");
      const file = join(colony.directory, "policy.yaml");
      writeFileSync(file, 'stream: home\nname: all\npromises:\n  file:/etc/motd: { content: "kept\\n" }\n');
      await colony.command("hall", "publish", file, "--author", author.keyFile);
      const motd = (): Promise<string | undefined> => colony.agent("shed").read("/etc/motd");
      await eventually("the policy to arrive", async () => (await motd()) === "kept\n");

      const refused = await runOn(test, "kitchen", "evict", "shed", "--reason", "lost", "--yes");
      expect(refused).toMatchObject({ code: 1 });
      expect(refused.stderr).toMatch("was not invited by this device");
      const unreplaced = await runOn(test, "kitchen", "invite", "--replace", "shed");
      expect(unreplaced).toMatchObject({ code: 1 });
      expect(unreplaced.stderr).toMatch("this device may not invite");
      const unasked = await runOn(test, "hall", "evict", "shed", "--reason", "lost");
      expect(unasked).toMatchObject({ code: 2 });

      await colony.command("hall", "evict", "shed", "--reason", "lost on the way", "--yes");
      await eventually("the others to be alone", async () => {
        const views = await Promise.all([peersOf(test, "hall"), peersOf(test, "kitchen")]);
        return views.flat().join() === "kitchen,hall";
      });
      await eventually("the device to know", async () => {
        const { stdout } = await runOn(test, "shed", "status");
        const isTold = stdout.includes("put out of its swarm") && stdout.includes("lost on the way");
        return isTold && stdout.includes("2 unreachable");
      });
      expect((await runOn(test, "shed", "invite")).stderr).toMatch("this device was put out of its swarm");
      writeFileSync(join(colony.rootOf("shed"), "etc", "motd"), "damaged\n");
      await eventually("it to heal on", async () => (await motd()) === "kept\n");

      await colony.agent("shed").end();
      await colony.start("shed");
      await eventually("it to know after a restart", async () => {
        return (await colony.agent("shed").inspect()).evicted?.reason === "lost on the way";
      });
      expect(await peersOf(test, "hall")).toEqual(["kitchen"]);
    } finally {
      await test.end();
    }
  });

  it("comes back under its name with a new key, and the old one is out", async () => {
    const test = makeColony();
    const { colony } = test;
    try {
      await form(test, names);
      const old = colony.agent("shed").id;
      await colony.agent("shed").end();
      const { code } = await colony.command("hall", "invite", "--replace", "shed");
      await colony.command("new", "join", String(code), "--name", "shed");
      await colony.start("new");
      const { id } = colony.agent("new");
      await eventually("everyone to know the new one alone", async () => {
        const views = await Promise.all(["hall", "kitchen"].map((name) => colony.agent(name).inspect()));
        return views.every(({ members }) => {
          const found = members.filter(({ name }) => name === "shed");
          return found.length === 1 && found[0]?.agent === id && found[0].verdict === "reachable";
        });
      });
      await colony.start("shed");
      await eventually("the old key to be turned away", async () => {
        return (await colony.agent("shed").inspect()).evicted?.agent === old;
      });
    } finally {
      await test.end();
    }
  });

  it("can be the founder, by the recovery key", async () => {
    const test = makeColony();
    const { colony } = test;
    try {
      const founded = await colony.command("hall", "init", "--name", "hall");
      await colony.start("hall");
      for (const name of ["kitchen", "shed"]) {
        const { code } = await colony.command("hall", "invite", "--may-invite");
        await colony.command(name, "join", String(code), "--name", name);
        await colony.start(name);
      }
      await eventually("all to know all", async () => (await peersOf(test, "shed")).length === 2);
      const keyFile = join(colony.directory, "recovery.txt");
      writeFileSync(keyFile, `${String(founded["recoveryKey"])}\n`);
      const evict = ["evict", "hall", "--reason", "stolen", "--recovery-key", keyFile, "--yes"] as const;
      expect(await colony.command("kitchen", ...evict)).toMatchObject({ keeps: ["kitchen", "shed"] });
      await eventually("the two to go on alone", async () => {
        const views = await Promise.all([peersOf(test, "kitchen"), peersOf(test, "shed")]);
        return views.flat().join() === "shed,kitchen";
      });
      const { code } = await colony.command("kitchen", "invite");
      await colony.command("cellar", "join", String(code), "--name", "cellar");
      await colony.start("cellar");
      await eventually("a new one to be known", async () => (await peersOf(test, "shed")).includes("cellar"));
    } finally {
      await test.end();
    }
  });
});
