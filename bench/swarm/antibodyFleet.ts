import { form, launcher } from "../../test/harness/colonies.ts";
import type { Namespaces } from "../../test/harness/namespaces.ts";
import { makeAuthoring } from "../publish/agents.ts";
import { type Run, withColony } from "../run.ts";
import type { Finding, Fleet } from "./fleet.ts";

const events: { readonly [finding in Finding]: readonly string[] } = {
  unreachable: ["swarm.unreachable"],
  dead: ["swarm.dead"],
  back: ["swarm.joined", "swarm.returned", "swarm.refuted"],
};

/** A swarm of agents: enrolled, running, and all of one view. */
export function withAntibodyFleet<Value>(
  run: Run,
  hosts: Namespaces,
  members: readonly string[],
  use: (fleet: Fleet) => Promise<Value>,
): Promise<Value> {
  return withColony(
    run,
    async (test) => {
      const { colony } = test;
      run.say(`antibody: forming a swarm of ${members.length}`);
      await form(test, members);
      const authoring = await makeAuthoring(run, test, members[0] ?? "");
      const lines = (by: string, finding: Finding, sinceMs: number) =>
        events[finding].flatMap((event) =>
          colony
            .agent(by)
            .events(event)
            .filter(({ atMs }) => atMs >= sinceMs),
        );
      return use({
        program: "antibody",
        members,
        hosts,
        start: async (names) => {
          await Promise.all(names.map((name) => colony.start(name)));
        },
        stop: async (names) => {
          await Promise.all(names.map((name) => colony.agent(name).end()));
        },
        signal: (name, signal) => colony.agent(name).kill(signal),
        pidOf: (name) => colony.agent(name).pid,
        toldMs: (by, of, finding, sinceMs) =>
          lines(by, finding, sinceMs).find((line) => line["name"] === of)?.atMs,
        told: (by, finding, sinceMs) => lines(by, finding, sinceMs).map((line) => String(line["name"])),
        holds: async (by, names) => {
          const { members: held } = await colony.agent(by).inspect();
          const there = held.filter(({ verdict }) => verdict === "reachable").map(({ name }) => name);
          return isSame([...there, by], names);
        },
        publish: async (to) => {
          const arrivals = await authoring.publish(colony.agent(to));
          if (arrivals === undefined) return undefined;
          return new Map([...arrivals].map(([name, { inForceMs }]) => [name, inForceMs]));
        },
        saysCutOff: async (name) => (await colony.agent(name).inspect()).cutOff,
      });
    },
    (name) => ({ file: "ip", args: [...hosts.enter(name), launcher.file, ...launcher.args] }),
    (name) => `/ip4/${hosts.addressOf(name)}/tcp/4001`,
  );
}

/** Whether two lists hold the same names. */
export function isSame(left: readonly string[], right: readonly string[]): boolean {
  const [one, other] = [new Set(left), new Set(right)];
  return one.size === other.size && [...one].every((name) => other.has(name));
}
