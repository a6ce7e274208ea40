import { exitCode } from "../../errors.ts";
import { type CommandResult, command } from "../../ownerCommand.ts";
import type { Verb } from "../../verb.ts";

/** `antibody away`: before a device sleeps. */
export const away: Verb<object> = {
  usage: "away",
  summary: "Say that this device is about to sleep: its silence alarms nobody until it is back.",
  examples: ["antibody away", "antibody away && systemctl suspend"],
  exits: [
    [0, "its peers were told"],
    [1, "the agent refused"],
  ],
  asksAgent: true,
  async run({ invocation }) {
    const detail = await command(invocation, { type: "away" });
    const result: CommandResult = { schema: "antibody.command/1", command: "away", detail };
    invocation.print(result, () => [
      "away: nobody misses this device until it wakes up, has stayed awake for a minute, or says that it is back",
    ]);
    return exitCode.ok;
  },
};

/** `antibody back`: it stays awake after all. */
export const back: Verb<object> = {
  usage: "back",
  summary: "Say that this device is there again. It says so by itself when it has slept.",
  examples: ["antibody back"],
  exits: [
    [0, "it is there again"],
    [1, "the agent refused"],
  ],
  asksAgent: true,
  async run({ invocation }) {
    const detail = await command(invocation, { type: "back" });
    const result: CommandResult = { schema: "antibody.command/1", command: "back", detail };
    invocation.print(result, () => ["back"]);
    return exitCode.ok;
  },
};
