import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RolloutView } from "@antibody/core";
import { describe, expect, it } from "vitest";
import { eventually, form, makeAuthor, makeColony, runOn, type TestColony } from "./harness/colonies.ts";

const names = ["hall", "kitchen"] as const;
const soon = ["--healthy-for", "50ms", "--healthy-within", "600ms"];

function motdOf({ colony }: TestColony, name: string): Promise<string | undefined> {
  return colony.agent(name).read("/etc/motd");
}

describe("a bad generation in two waves of two devices", () => {
  it("is undone where it was tried, reaches nobody else, and its cure reaches both", async () => {
    const test = makeColony();
    const { colony } = test;
    try {
      await form(test, names);
      const author = await makeAuthor(test, "hall");
      const file = join(colony.directory, "policy.yaml");
      const publish = (text: string, more: string, ...args: readonly string[]) => {
        const lines = ["stream: home", "name: all", "promises:", `  file:/etc/motd: { content: "${text}" }`];
        writeFileSync(file, [...lines, more, ""].join("\n"));
        return colony.command("hall", "publish", file, "--author", author.keyFile, ...args);
      };
      const bothHave = (text: string) =>
        eventually(`both to have ${text}`, async () => {
          const texts = await Promise.all(names.map((name) => motdOf(test, name)));
          return texts.every((each) => each === text);
        });
      await publish("one", "");
      await bothHave("one");

      // Its directory is nowhere.
      const impossible = '  file:/etc/nowhere/below: { content: "never" }';
      await publish("two", impossible, "--waves", "50,100", ...soon);
      const here = async (name: string): Promise<RolloutView["here"]> => {
        const { rollouts = [] } = await colony.agent(name).inspect();
        return rollouts[0]?.here ?? { wave: -1, state: "waiting" };
      };
      await eventually("both to hear of it", async () => {
        const stages = await Promise.all(names.map(here));
        return stages.every(({ wave }) => wave >= 0);
      });
      const waves = await Promise.all(names.map(async (name) => ({ name, ...(await here(name)) })));
      expect(waves.map(({ wave }) => wave).sort()).toEqual([0, 1]);
      const canary = waves.find(({ wave }) => wave === 0)?.name ?? "";
      const other = waves.find(({ wave }) => wave === 1)?.name ?? "";
      await eventually("the canary to go back", async () => (await here(canary)).state === "blocked");
      await bothHave("one");
      await eventually("the other to hear of the failure", async () => {
        return (await colony.agent(other).inspect()).rollouts?.[0]?.halted !== undefined;
      });
      const shown = await runOn(test, other, "rollout", "show", "home");
      expect(shown.stdout).toMatch(/home generation 2 by author_\w+: halted: it failed on 1 device/);
      expect(shown.stdout).toMatch(`failed on ${canary}`);
      expect((await here(other)).state).toBe("waiting");

      await publish("three", "", "--waves", "50,100", ...soon);
      await bothHave("three");
      await eventually("it to stay", async () => {
        const stages = await Promise.all(names.map(here));
        return stages.every(({ state }) => state === "proven");
      });

      // All at once: both get ready and keep the old one until their author says so.
      await publish("four", "", "--barrier", "all", ...soon);
      const barrier = async () => (await colony.agent(other).inspect()).rollouts?.[0]?.barrier;
      await eventually("both to be ready", async () => (await barrier())?.ready === names.length);
      expect(await Promise.all(names.map((name) => motdOf(test, name)))).toEqual(["three", "three"]);
      await colony.command("hall", "rollout", "commit", "home", "--author", author.keyFile);
      await bothHave("four");
      await eventually("the skew to be known", async () => (await barrier())?.skewMs !== undefined);
    } finally {
      await test.end();
    }
  });
});
