import { exitCode } from "../../errors.ts";
import { type CommandResult, command, findTarget, targetText } from "../../ownerCommand.ts";
import type { Verb } from "../../verb.ts";

/** `antibody step [RESOURCE]`: one action of what is paused, then paused again. */
export const step: Verb<object> = {
  usage: "step [resource]",
  summary: "Let one waiting action of something paused run, then stay paused.",
  examples: ["antibody step", "antibody step process:sensor"],
  exits: [
    [0, "one action was started"],
    [1, "the agent refused (not paused, nothing waits), or knows no such resource"],
  ],
  asksAgent: true,
  async run({ invocation, args: [text] }) {
    const target = findTarget(await invocation.client.inspect(), text, invocation.self);
    const detail = await command(invocation, { type: "step", target });
    const result: CommandResult = { schema: "antibody.command/1", command: "step", target, detail };
    invocation.print(result, () => [
      `one action of ${targetText(target)} runs`,
      `next: ${invocation.self} status`,
    ]);
    return exitCode.ok;
  },
};
