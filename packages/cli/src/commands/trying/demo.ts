import { createServer } from "node:http";
import type { Colony } from "../../demo/colony.ts";
import { ownLauncher } from "../../demo/command.ts";
import type { DemoReport } from "../../demo/demo.ts";
import { exitCode } from "../../errors.ts";
import { type Invocation, shellWord } from "../../invocation.ts";
import { readWhole } from "../../options.ts";
import type { Verb } from "../../verb.ts";

interface DemoCommandOptions {
  readonly keep?: boolean;
}

/** `antibody demo`: the main job, with real agents. */
export const demo: Verb<DemoCommandOptions> = {
  usage: "demo",
  summary: "Show five real agents that heal, refuse forgeries, and route around a dead peer.",
  examples: ["antibody demo", "antibody demo --keep"],
  exits: [
    [0, "every beat passed"],
    [1, "a beat failed: it is named, with what was missing"],
  ],
  asksAgent: false,
  declare: (command) => {
    command.option("--keep", "stay up afterwards, to break things by hand");
  },
  async run({ invocation, options }) {
    const { terminal, json } = invocation;
    // Loaded here: the other commands start without what the forgeries need.
    const { beats, playDemo } = await import("../../demo/demo.ts");
    const say = (line: string): void => {
      if (!json) terminal.out(`${line}\n`);
    };
    say(`Five agents on this machine, each with its own state; ${beats.length} beats.`);
    const report = await playDemo({
      launcher: ownLauncher(),
      signal: terminal.interrupted,
      onBeat: ({ passed, title, tookMs, evidence }) => {
        const stopped = !passed && terminal.interrupted.aborted;
        say(`${passed ? "ok  " : stopped ? "stop" : "FAIL"} ${seconds(tookMs)}  ${title}`);
        say(`             ${stopped ? "interrupted" : evidence}`);
      },
      ...(options.keep === true ? { beforeEnd: (colony: Colony) => keep(colony, invocation) } : {}),
    });
    const beatsSeen = report.outcomes.map(({ beat, title, passed, tookMs, evidence }) => {
      return { beat, title, passed, tookMs: Math.round(tookMs), evidence };
    });
    invocation.print(
      {
        schema: "antibody.demo/1",
        passed: report.passed,
        interrupted: terminal.interrupted.aborted,
        tookMs: Math.round(report.tookMs),
        beats: beatsSeen,
      } as const,
      () => endingLines(report, terminal.interrupted.aborted),
    );
    return report.passed ? exitCode.ok : exitCode.failed;
  },
};

/** The last lines: how it came out, and, after an interrupt, that nothing is left behind. */
export function endingLines({ outcomes, tookMs }: DemoReport, interrupted: boolean): readonly string[] {
  const failed = outcomes.find((outcome) => !outcome.passed);
  const gone = "every agent was ended, and every file removed.";
  if (failed === undefined) {
    const passed = `All ${outcomes.length} beats passed in ${seconds(tookMs).trim()}.`;
    return interrupted ? [passed, `Interrupted: ${gone}`] : [passed];
  }
  if (interrupted) return [`Interrupted in the beat "${failed.beat}": ${gone}`];
  return [`The beat "${failed.beat}" failed: ${failed.evidence}`];
}

/** `antibody demo serve PORT NAME`: the service that the demo's policy promises. */
export const demoServe: Verb<object> = {
  usage: "serve <port> <name>",
  summary: "Answer every request on loopback with a name, until ended: the service that the demo heals",
  examples: ["antibody demo serve 8080 attic"],
  exits: [
    [0, "ended by SIGTERM or SIGINT"],
    [1, "the port is taken"],
  ],
  asksAgent: false,
  async run({ invocation, args: [port = "", name = ""] }) {
    const server = createServer((_request, response) => response.end(name));
    await new Promise<void>((ended, failed) => {
      server.once("error", failed);
      server.listen(readWhole(1, 65_535)(port), "127.0.0.1");
      invocation.terminal.interrupted.addEventListener("abort", () => server.close(() => ended()), {
        once: true,
      });
    });
    return exitCode.ok;
  },
};

function seconds(spanMs: number): string {
  return `${(spanMs / 1_000).toFixed(1).padStart(5)} s`;
}

/** Prints what to try, and waits for an interrupt. */
async function keep(colony: Colony, { terminal }: Invocation): Promise<void> {
  const { file, args } = ownLauncher();
  const self = [file, ...args].map(shellWord).join(" ");
  const [one] = colony.living;
  if (one === undefined) return;
  const { impossible } = await import("../../demo/beats/handed-off.ts");
  const troubled = colony.living.filter(({ name }) => name === impossible.on);
  const lines = [
    "",
    "The agents stay up until Ctrl-C. Things to try, from another terminal:",
    `  echo broken > ${shellWord(`${one.root}/etc/greeting`)}`,
    `  cat ${shellWord(`${one.root}/etc/greeting`)}`,
    ...["status", "why file:/etc/greeting", "peers", "logs"].map(
      (verb) => `  ${self} --state ${shellWord(one.state)} ${verb}`,
    ),
    ...troubled.map(({ state }) => `  ${self} --state ${shellWord(state)} incident list`),
    "  kill -9 a process of the list:",
    ...colony.living.map(
      (agent) => `    ${String(agent.pid).padStart(7)}  ${agent.name}  --state ${shellWord(agent.state)}`,
    ),
  ];
  terminal.err(`${lines.join("\n")}\n`);
  if (terminal.interrupted.aborted) return;
  await new Promise<void>((resolve) =>
    terminal.interrupted.addEventListener("abort", () => resolve(), { once: true }),
  );
}
