import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../packages/cli/src/demo/ports.ts";
import { supervisedPid } from "../../packages/cli/src/demo/supervised.ts";
import { form, launcher, makeAuthor } from "../../test/harness/colonies.ts";
import { type Run, waitFor, withColony } from "../run.ts";
import type { Ways } from "./ways.ts";

const caller = "caller";

/** Agents that serve a capability, and one more whose route of HTTP leads to them. */
export function withAntibodyRoute<Value>(
  run: Run,
  backends: readonly string[],
  use: (ways: Ways) => Promise<Value>,
): Promise<Value> {
  return withColony(run, async (test) => {
    const { colony } = test;
    run.say(`antibody: forming a swarm of ${backends.length + 1}`);
    await form(test, [caller, ...backends]);
    const author = await makeAuthor(test, caller);
    const listens = await freePort();
    const fragments = await Promise.all(backends.map(async (name) => serviceOf(name, await freePort())));
    const file = join(colony.directory, "route.yaml");
    writeFileSync(file, [...fragments, routeOf(listens)].join("---\n"));
    await colony.command(caller, "publish", file, "--author", author.keyFile);
    await waitFor(run, "every backend to stand behind the route", async () => {
      const { routes } = await colony.agent(caller).inspect();
      return routes[0]?.backends.length === backends.length;
    });
    return use({
      url: `http://127.0.0.1:${listens}/`,
      kill: async (name) => {
        const agent = colony.agent(name);
        const pid = await supervisedPid(agent, "web");
        agent.kill("SIGKILL");
        process.kill(pid, "SIGKILL");
      },
    });
  });
}

function serviceOf(name: string, port: number): string {
  const command = [launcher.file, ...launcher.args, "demo", "serve", String(port), name];
  const promises = {
    "process:web": { command },
    "http:web": { url: `http://127.0.0.1:${port}/`, every: "1s" },
    "capability:web": { port, while: ["http:web"] },
  };
  return fragment(name, promises, name);
}

function routeOf(port: number): string {
  return fragment("route", { "route:web": { listen: `127.0.0.1:${port}`, protocol: "http" } }, caller);
}

function fragment(name: string, promises: object, on: string): string {
  return `stream: home\nname: ${name}\nwhen: name == ${JSON.stringify(on)}\npromises: ${JSON.stringify(promises)}\n`;
}
