import { allHold, form, type TestColony } from "../test/harness/colonies.ts";
import { serfDeaths } from "./death/serf.ts";
import { type Figures, type Outcome, quantile, spread } from "./figures.ts";
import { agentNames, type Run, waitFor, withColony } from "./run.ts";

const agentsDefault = 20;
/** Agents killed one after the other, each welcomed back before the next. */
const victims = 10;
const knowWithinMs = 60_000;

/** From SIGKILL of one agent until the log of every other one tells that it is dead. */
export async function death(run: Run): Promise<Outcome> {
  const agents = run.agents ?? agentsDefault;
  const figures = await withColony(run, (test) => killSome(run, test, agents));
  return run.peers ? { figures, peers: { serf: await serfDeaths(run, agents) } } : { figures };
}

async function killSome(run: Run, test: TestColony, agents: number): Promise<Figures> {
  const names = agentNames(agents);
  run.say(`forming a swarm of ${agents} agents`);
  await form(test, names);
  const last: number[] = [];
  const each: number[] = [];
  for (let index = 1; index <= victims; index += 1) {
    const name = names[index % agents] ?? "";
    run.say(`killing ${name}, ${index} of ${victims}`);
    const tookMs = await kill(run, test, name);
    last.push(Math.max(...tookMs));
    each.push(...tookMs);
    await test.colony.start(name);
    await waitFor(run, "everyone to reach everyone", () => allHold(test.colony.living, names, "reachable"));
  }
  const killed = new Map(names.map((name, index) => [name, index >= 1 && index <= victims ? 1 : 0]));
  return {
    agents,
    ...spread("allKnow", last),
    eachKnowsP50Ms: quantile(each, 0.5),
    eachKnowsP99Ms: quantile(each, 0.99),
    falseDeaths: falseDeaths(test, killed),
  };
}

async function kill(run: Run, { colony }: TestColony, name: string): Promise<readonly number[]> {
  const startedMs = performance.now();
  colony.agent(name).kill("SIGKILL");
  const survivors = colony.agents.filter((agent) => agent.name !== name);
  const knows = (): (number | undefined)[] =>
    survivors.map(
      (agent) =>
        agent.events("swarm.dead").find((line) => line["name"] === name && line.atMs >= startedMs)?.atMs,
    );
  await waitFor(
    run,
    `all survivors to know of ${name}`,
    () => knows().every((atMs) => atMs !== undefined),
    knowWithinMs,
  );
  return knows().map((atMs) => (atMs ?? startedMs) - startedMs);
}

/** Lines that tell a death, beyond one for each time that the agent was killed. A killed one starts a new log. */
function falseDeaths({ colony }: TestColony, killed: ReadonlyMap<string, number>): number {
  return colony.agents
    .flatMap((agent) => {
      const told = new Map<string, number>();
      for (const line of agent.events("swarm.dead")) {
        const name = String(line["name"]);
        told.set(name, (told.get(name) ?? 0) + 1);
      }
      return [...told].map(([name, count]) => Math.max(0, count - (killed.get(name) ?? 0)));
    })
    .reduce((sum, count) => sum + count, 0);
}
