import { allHold, eventually, form, makeColony, type TestColony } from "../test/harness/colonies.ts";
import { type Figures, quantile, spread } from "./figures.ts";

/** Agents killed one after the other, each welcomed back before the next. */
const victims = 5;

/**
 * From SIGKILL of one agent to the line in the log of each survivor that says it is dead: the last survivor
 * counts. Every such line about an agent that lives is a false death.
 */
export async function death(agents: number): Promise<Figures> {
  const names = Array.from({ length: agents }, (_, index) => `agent-${String(index).padStart(3, "0")}`);
  const test = makeColony();
  try {
    await form(test, names);
    const everyone: number[] = [];
    const each: number[] = [];
    for (let index = 1; index <= victims; index += 1) {
      const tookMs = await kill(test, names[index % agents] ?? "");
      everyone.push(Math.max(...tookMs));
      each.push(...tookMs);
      await test.colony.start(names[index % agents] ?? "");
      await eventually("everyone to reach everyone", () => allHold(test.colony.living, names, "reachable"));
    }
    return {
      agents,
      ...spread("allKnow", everyone),
      eachKnowsP50Ms: quantile(each, 0.5),
      falseDeaths: falseDeaths(test, names.slice(victims + 1)),
    };
  } finally {
    await test.end();
  }
}

async function kill({ colony }: TestColony, name: string): Promise<readonly number[]> {
  const startedMs = performance.now();
  colony.agent(name).kill("SIGKILL");
  const knows = (): (number | undefined)[] =>
    colony.living
      .filter((agent) => agent.name !== name)
      .map(
        (agent) =>
          agent.events("swarm.dead").find((line) => line["name"] === name && line.atMs >= startedMs)?.atMs,
      );
  await eventually(`all survivors to know of ${name}`, () => knows().every((atMs) => atMs !== undefined));
  return knows().map((atMs) => (atMs ?? startedMs) - startedMs);
}

/** Deaths told of agents that were never killed. */
function falseDeaths({ colony }: TestColony, neverKilled: readonly string[]): number {
  return colony.living
    .flatMap((agent) => agent.events("swarm.dead"))
    .filter((line) => neverKilled.includes(String(line["name"]))).length;
}
