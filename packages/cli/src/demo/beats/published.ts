import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Beat, Stage } from "../beat.ts";
import { routingName, servingNames } from "../beat.ts";
import { greeting } from "../policy.ts";
import { until } from "../until.ts";

/** What the owners of the demo's devices let the author do. */
const grant = [
  "--scope",
  "file:/etc/**",
  "--scope",
  "process:*",
  "--scope",
  "http:*",
  "--scope",
  "capability:*",
  "--scope",
  "route:*",
];
const rankModePowers = ["--rank", "10", "--mode", "enforce", "--power", "process,expose"];

/** An author gives a bundle to one agent; every device that trusts the author keeps it soon after. */
export const published: Beat = {
  name: "published",
  title: "an author publishes to one agent, all converge",
  async play(stage) {
    const { colony, sabotages, signal } = stage;
    await makeAuthor(stage);
    const trusting = colony.agents.filter((agent) => !(sabotages.has("noGrant") && agent.name === "kitchen"));
    await Promise.all(trusting.map((agent) => trustAuthor(stage, agent.name)));
    const { generation } = await publish(stage, "cellar", stage.policy.first(serving(stage), routingName));
    for (const agent of colony.agents) {
      await until(`${agent.name} to greet and to run its worker`, signal, async () => {
        const worker = await agent.resource("process:worker");
        return worker?.phase === "kept" && (await agent.read("/etc/greeting")) === greeting;
      });
    }
    if (sabotages.has("pausedEverywhere")) {
      await Promise.all(
        colony.agents.map(({ name }) =>
          colony.command(name, "pause", "--reason", "sabotage", "--for", "10m"),
        ),
      );
    }
    return `generation ${generation}, given to cellar, is in force on ${colony.agents.length} devices`;
  },
};

/** Agents that serve the capability in this world. */
export function serving(stage: Stage): readonly string[] {
  return stage.sabotages.has("oneBackend") ? servingNames.slice(0, 1) : servingNames;
}

async function makeAuthor(stage: Stage): Promise<void> {
  const made = await stage.colony.command("cellar", "author", "keygen", "--name", "home", "--no-passphrase");
  stage.author = {
    id: String(made["author"]),
    keyFile: String(made["keyFile"]),
    rootFile: String(made["rootFile"]),
  };
}

/** The owner of one device accepts the author. */
export async function trustAuthor(stage: Stage, name: string): Promise<void> {
  const scope = stage.sabotages.has("wideGrant") ? ["--scope", "**"] : grant;
  await stage.colony.command(
    name,
    "trust",
    "add",
    authorOf(stage).rootFile,
    ...scope,
    ...rankModePowers,
    "--yes",
  );
}

/** Publishes a source to one agent, as the author would. */
export async function publish(
  stage: Stage,
  name: string,
  source: string,
): Promise<{ readonly generation: number; readonly ids: readonly string[]; readonly manifest: string }> {
  const file = join(stage.colony.directory, "policy.yaml");
  await writeFile(file, source);
  const done = await stage.colony.command(name, "publish", file, "--author", authorOf(stage).keyFile);
  return {
    generation: Number(done["generation"]),
    ids: (done["fragments"] as readonly { readonly id: string }[]).map(({ id }) => id),
    manifest: String(done["manifest"]),
  };
}

/** The author, which the beat `published` made. */
export function authorOf(stage: Stage): NonNullable<Stage["author"]> {
  if (stage.author === undefined) throw new Error("the author is made by the beat `published`");
  return stage.author;
}
