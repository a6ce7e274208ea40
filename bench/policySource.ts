import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeAuthor, type TestColony } from "../test/harness/colonies.ts";

/** Promises of one bench: by resource, as the YAML that follows the colon. */
export type PromisesText = ReadonlyMap<string, string>;

/** Promises in one fragment: below the bound on its bytes with a kilobyte each. */
const perFragment = 25;

/** Makes an author that every agent accepts, and publishes promises as one bundle to the first agent. */
export async function publishPromises(test: TestColony, promises: PromisesText): Promise<void> {
  const name = test.colony.agents[0]?.name;
  if (name === undefined) throw new Error("a bench has an agent");
  const author = await makeAuthor(test, name);
  const entries = [...promises];
  const fragments: string[] = [];
  for (let start = 0; start < entries.length; start += perFragment) {
    const lines = entries
      .slice(start, start + perFragment)
      .map(([resource, text]) => `  ${resource}: ${text}\n`);
    fragments.push(`stream: home\nname: part-${start / perFragment}\npromises:\n${lines.join("")}`);
  }
  const source = join(test.colony.directory, "bench.yaml");
  writeFileSync(source, fragments.join("---\n"));
  await test.colony.command(name, "publish", source, "--author", author.keyFile);
}
