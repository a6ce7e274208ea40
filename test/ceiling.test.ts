import { existsSync, readFileSync, writeFileSync } from "node:fs";
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

/** What every device is to run once: it writes down in one place when it begins and ends, and lasts until told. */
function upgradeOf(shared: string) {
  const lasting = `while [ ! -e ${shared}.end ]; do sleep 0.1; done`;
  const script = `echo begin >> ${shared}; ${lasting}; echo end >> ${shared}; : > etc/upgraded`;
  return {
    check: ["/bin/sh", "-c", "test -e etc/upgraded"],
    apply: ["/bin/sh", "-c", script],
    timeout: "2m",
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
  // Those that have no turn say so, for as long as the others have theirs.
  await eventually("as many as the ceiling to begin, and the others to be held", async () => {
    const views = await Promise.all(colony.agents.map((agent) => agent.resource("command:upgrade")));
    const held = views.filter((view) => view?.why.includes(`${ceiling} of at most ${ceiling} devices are`));
    return held.length === names.length - ceiling;
  });
  writeFileSync(`${shared}.end`, "");
  await eventually("all to be upgraded", () =>
    names.every((name) => existsSync(join(colony.rootOf(name), "etc", "upgraded"))),
  );
  const lines = readFileSync(shared, "utf8").trimEnd().split("\n");
  expect(lines.filter((line) => line === "begin").length).toBe(names.length);
  expect(mostAtOnce(lines)).toBeLessThanOrEqual(ceiling);
  const told = colony.agents.flatMap((agent) => agent.events("role.waitsForTurn"));
  expect(told.length).toBeGreaterThanOrEqual(names.length);
});
