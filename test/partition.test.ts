import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { allHold, eventually, form, makeAuthor, makeColony } from "./harness/colonies.ts";
import { Namespaces, whyNoNamespaces } from "./harness/namespaces.ts";

const names = ["a1", "a2", "a3", "b1", "b2"] as const;
const left = names.slice(0, 3);
const right = names.slice(3);
const reason = whyNoNamespaces();

describe.skipIf(reason !== undefined)(
  `a network that falls in two${reason === undefined ? "" : ` (${reason})`}`,
  () => {
    it("shows it as such, loses no member, and is one again with what was published meanwhile", async () => {
      const namespaces = new Namespaces(names);
      const test = makeColony({ namespaces });
      try {
        await form(test, names);
        const author = await makeAuthor(test, "a1");
        const on = (side: readonly string[]): typeof test.colony.agents =>
          side.map((name) => test.colony.agent(name));
        namespaces.partition(right);
        await eventually("each side to miss the other", async () => {
          const missing = async (side: readonly string[], other: readonly string[]): Promise<boolean> => {
            const views = await Promise.all(on(side).map((agent) => agent.inspect()));
            return views.every(({ members }) =>
              other.every((name) =>
                members.some((member) => member.name === name && member.verdict !== "reachable"),
              ),
            );
          };
          return (await missing(left, right)) && (await missing(right, left));
        });
        const file = join(test.colony.directory, "policy.yaml");
        writeFileSync(file, 'stream: home\nname: all\npromises:\n  file:/etc/news: { content: "news\\n" }\n');
        await test.colony.command("a2", "publish", file, "--author", author.keyFile);
        await eventually(
          "the news on the left",
          async () => (await test.colony.agent("a3").read("/etc/news")) === "news\n",
        );
        expect(await test.colony.agent("b1").read("/etc/news")).toBeUndefined();
        namespaces.heal();
        await eventually("one view", () => allHold(test.colony.agents, names, "reachable"));
        for (const agent of on(right)) {
          await eventually(
            `the news on ${agent.name}`,
            async () => (await agent.read("/etc/news")) === "news\n",
          );
          expect((await agent.inspect()).members).toHaveLength(names.length - 1);
        }
      } finally {
        await test.end();
        namespaces.end();
      }
    });
  },
);
