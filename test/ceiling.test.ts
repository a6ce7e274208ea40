import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { authorOf, bundleOf, documentOf, grantOf } from "../packages/policy/test/support.ts";
import { eventually, form, makeColony, type TestColony } from "./harness/colonies.ts";

const author = authorOf("ceiling");
const names = ["one", "two", "three", "four"] as const;
const ceiling = 2;

let test: TestColony;

beforeAll(async () => {
  test = makeColony();
  await form(test, names);
});

afterAll(() => test.end());

/** What every device is to run once, and writes down in one place when it begins and ends. */
function upgradeOf(shared: string) {
  const script = `echo begin >> ${shared}; sleep 0.7; echo end >> ${shared}; : > etc/upgraded`;
  return {
    check: ["/bin/sh", "-c", "test -e etc/upgraded"],
    apply: ["/bin/sh", "-c", script],
    timeout: "20s",
    disturbs: ["role:web"],
  };
}

/** The most that ran at once, by what was written down. */
function mostAtOnce(lines: readonly string[]): number {
  let now = 0;
  let most = 0;
  for (const line of lines) {
    now += line === "begin" ? 1 : -1;
    most = Math.max(most, now);
  }
  return most;
}

it("of devices that would all repair at once, no more than the ceiling do, and all in the end", async () => {
  const { colony } = test;
  const shared = join(colony.directory, "upgrades");
  const promises = {
    "role:web": { count: names.length, disturbedMax: ceiling },
    "command:upgrade": upgradeOf(shared),
  };
  const policy = bundleOf(author, 1, [documentOf("all", promises)]).bytes;
  await Promise.all(
    colony.agents.map(async ({ client }) => {
      const grant = grantOf(author.author, { powers: ["process", "command"] });
      await client.command({ type: "grant", grant });
      await client.offer(author.rootBytes);
      for (const bytes of policy) await client.offer(bytes);
    }),
  );
  const held = new Set<string>();
  await eventually("all to be upgraded", async () => {
    for (const agent of colony.agents) {
      const view = await agent.resource("command:upgrade");
      if (view?.why.includes("of at most 2 devices are disturbed now")) held.add(agent.name);
    }
    return names.every((name) => existsSync(join(colony.rootOf(name), "etc", "upgraded")));
  });
  const lines = readFileSync(shared, "utf8").trimEnd().split("\n");
  expect(lines.filter((line) => line === "begin").length).toBe(names.length);
  expect(mostAtOnce(lines)).toBeLessThanOrEqual(ceiling);
  // Whoever was held back said so.
  expect(held.size).toBeGreaterThan(0);
  const told = colony.agents.flatMap((agent) => agent.events("role.waitsForTurn"));
  expect(told.length).toBeGreaterThanOrEqual(names.length);
});
