import { exitCode } from "../../errors.ts";
import { type CommandResult, command, findTarget, targetText } from "../../ownerCommand.ts";
import type { Verb } from "../../verb.ts";

/** `antibody resume [RESOURCE]`: repair again. */
export const resume: Verb<object> = {
  usage: "resume [resource]",
  summary: "End a pause: of one resource, or all that there are.",
  examples: ["antibody resume", "antibody resume file:/etc/motd"],
  exits: [
    [0, "resumed"],
    [1, "the agent refused, or knows no such resource"],
  ],
  asksAgent: true,
  async run({ invocation, args: [text] }) {
    const target = findTarget(await invocation.client.inspect(), text, invocation.self);
    const detail = await command(invocation, { type: "resume", target });
    const result: CommandResult = { schema: "antibody.command/1", command: "resume", target, detail };
    invocation.print(result, () => [`resumed ${targetText(target)}`]);
    return exitCode.ok;
  },
};
