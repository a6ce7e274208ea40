import { formatDuration, pauseMsMax, pauseReasonCharactersMax } from "@antibody/core";
import { InvalidArgumentError } from "commander";
import { exitCode } from "../../errors.ts";
import { readDuration } from "../../options.ts";
import { type CommandResult, command, findTarget, targetText } from "../../ownerCommand.ts";
import type { Verb } from "../../verb.ts";

/** `antibody pause [RESOURCE]`: the agent looks on, and changes nothing. */
export const pause: Verb<{ readonly reason: string; readonly for: number }> = {
  usage: "pause [resource]",
  summary: "Stop repairing, one resource or everything; the agent goes on looking. Survives a restart.",
  examples: [
    'antibody pause --reason "moving the rack" --for 10m',
    'antibody pause file:/etc/motd --reason "editing by hand" --for 1h',
  ],
  exits: [
    [0, "paused"],
    [1, "the agent refused, or knows no such resource"],
  ],
  asksAgent: true,
  declare: (verb) =>
    void verb
      .requiredOption("--reason <text>", "why, for whoever finds it paused", readReason)
      .requiredOption("--for <duration>", "when it ends by itself: 30s, 10m, 2h, 1d", readSpan),
  async run({ invocation, options, args: [text] }) {
    const target = findTarget(await invocation.client.inspect(), text, invocation.self);
    const order = { type: "pause", target, reason: options.reason, forMs: options.for } as const;
    const detail = await command(invocation, order);
    const result: CommandResult = { schema: "antibody.command/1", command: "pause", target, detail };
    invocation.print(result, () => [
      `paused ${targetText(target)} for ${formatDuration(options.for)}`,
      `next: ${invocation.self} resume${target === "*" ? "" : ` ${target}`}`,
    ]);
    return exitCode.ok;
  },
};

function readReason(text: string): string {
  if (text !== "" && text.length <= pauseReasonCharactersMax && !/\p{Cc}/u.test(text)) return text;
  throw new InvalidArgumentError(`Write one line of 1 to ${pauseReasonCharactersMax} characters.`);
}

function readSpan(text: string): number {
  const spanMs = readDuration(text);
  if (spanMs <= pauseMsMax) return spanMs;
  throw new InvalidArgumentError(`A pause ends within ${formatDuration(pauseMsMax)}.`);
}
