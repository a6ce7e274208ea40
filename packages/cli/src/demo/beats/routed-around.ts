import { get } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import type { Beat, Stage } from "../beat.ts";
import { supervisedPid } from "../supervised.ts";
import { until } from "../until.ts";

/** Between two calls through the route. */
const callEveryMs = 20;

/** A call that takes longer counts as failed. */
const callTimeoutMs = 2_000;

/** Calls that must succeed in a row, after the kill, from another device. */
const callsAfterKill = 50;

/** The agent and the service behind a route die together; calls go on over the survivor. */
export const routedAround: Beat = {
  name: "routedAround",
  title: "the agent that serves a capability dies, calls go on",
  async play(stage) {
    const { colony, policy, signal } = stage;
    const url = `http://127.0.0.1:${policy.ports.route}/`;
    await until(
      "an answer through the route of the attic",
      signal,
      async () => (await call(url)) !== undefined,
    );
    if (!stage.sabotages.has("oneBackend")) await secondBackend(stage);
    const serving = await call(url);
    if (serving === undefined) throw new Error("the route stopped answering before anything was killed");
    const calls = callForever(url);
    try {
      await until("calls before the kill", signal, () => calls.results.length >= callsAfterKill);
      const killedAt = calls.results.length;
      await killServer(stage, serving);
      await until(
        `${callsAfterKill} calls in a row answered by another device than ${serving}`,
        signal,
        () => {
          const last = calls.results.slice(killedAt).slice(-callsAfterKill);
          return (
            last.length === callsAfterKill && last.every((name) => name !== undefined && name !== serving)
          );
        },
      );
      const survivor = calls.results.at(-1);
      const failed = calls.results.filter((name) => name === undefined).length;
      await until(`all others to know that ${serving} is dead`, signal, async () =>
        knowsDead(colony.living, serving),
      );
      return `${serving} was killed with its service, ${survivor} answers; ${failed} of ${calls.results.length} calls failed`;
    } finally {
      await calls.stop();
    }
  },
};

/** Waits until the route has two backends: killing the only one would prove nothing. */
async function secondBackend({ colony, signal }: Stage): Promise<void> {
  await until("two backends behind the route", signal, async () => {
    const { routes } = await colony.agent("attic").inspect();
    return (routes[0]?.backends.length ?? 0) >= 2;
  });
}

async function killServer({ colony }: Stage, name: string): Promise<void> {
  const agent = colony.agent(name);
  const pid = await supervisedPid(agent, "web");
  agent.kill("SIGKILL");
  process.kill(pid, "SIGKILL");
}

async function knowsDead(agents: Stage["colony"]["living"], name: string): Promise<boolean> {
  const views = await Promise.all(agents.map((agent) => agent.inspect()));
  return views.every(({ members }) =>
    members.some((member) => member.name === name && member.verdict === "dead"),
  );
}

/** Calls one after the other until stopped; a failed call is recorded as undefined. */
function callForever(url: string): { readonly results: (string | undefined)[]; stop(): Promise<void> } {
  const results: (string | undefined)[] = [];
  let stopped = false;
  const loop = (async (): Promise<void> => {
    while (!stopped) {
      results.push(await call(url));
      await wait(callEveryMs);
    }
  })();
  return {
    results,
    stop: () => {
      stopped = true;
      return loop;
    },
  };
}

/** The name of the device that answered, over a connection of its own; undefined when the call failed. */
function call(url: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: callTimeoutMs }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.on("end", () => resolve(response.statusCode === 200 ? body : undefined));
      response.on("error", () => resolve(undefined));
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(undefined));
  });
}
