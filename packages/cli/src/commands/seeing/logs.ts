import type { LogLine } from "@antibody/agent/control";
import { shortId } from "@antibody/policy";
import { exitCode } from "../../errors.ts";
import type { Invocation } from "../../invocation.ts";
import { printable } from "../../text/printable.ts";
import type { Verb } from "../../verb.ts";

/** `antibody logs`: what the agent told lately, and with `--follow` what it tells from now on. */
export const logs: Verb<{ readonly follow?: boolean }> = {
  usage: "logs",
  summary: "What the agent told lately; with --follow, what it tells from now on too.",
  examples: ["antibody logs", "antibody logs --follow --json | jq 'select(.level != \"info\")'"],
  exits: [[0, "shown; with --follow, interrupted or the agent ended"]],
  asksAgent: true,
  declare: (command) => void command.option("-f, --follow", "go on until interrupted"),
  async run({ invocation, options }) {
    if (options.follow === true) {
      const { interrupted } = invocation.terminal;
      for await (const line of invocation.client.follow(true, interrupted)) printLine(invocation, line);
    } else {
      for (const line of await invocation.client.log()) printLine(invocation, line);
    }
    return exitCode.ok;
  },
};

function printLine(invocation: Invocation, line: LogLine): void {
  invocation.print({ schema: "antibody.log/1", ...line }, () => [lineText(line)]);
}

/** `05:39:01 warn resource.drifted resource=file:/etc/motd` */
function lineText(line: LogLine): string {
  const { time, level, event, agent: _agent, ...fields } = line;
  const rest = Object.entries(fields).map(([name, value]) => `${name}=${valueText(value)}`);
  return printable([time.slice(11, 19), level.padEnd(5), event, ...rest].join(" "));
}

function valueText(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value);
  if (/^[a-z]+_[a-z2-7]{52}$/.test(value)) return shortId(value);
  return value.includes(" ") || value === "" ? JSON.stringify(value) : value;
}
