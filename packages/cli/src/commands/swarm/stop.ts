import { setTimeout as sleep } from "node:timers/promises";
import { CliError, exitCode } from "../../errors.ts";
import type { Invocation } from "../../invocation.ts";
import type { CommandResult } from "../../ownerCommand.ts";
import type { Verb } from "../../verb.ts";

/** How long to wait for the end of an agent. Guess: longer than its own patience with what runs. */
const stopTimeoutMs = 30_000;
const lookIntervalMs = 50;

/** `antibody stop`: an orderly end. */
export const stop: Verb<object> = {
  usage: "stop",
  summary: "End the agent in order: what runs is finished or rolled back, peers are told goodbye.",
  examples: ["antibody stop"],
  exits: [
    [0, "the agent has ended"],
    [75, "it is still ending after 30 s"],
  ],
  asksAgent: true,
  async run({ invocation }) {
    await invocation.client.stop();
    await gone(invocation);
    const result: CommandResult = { schema: "antibody.command/1", command: "stop", detail: null };
    invocation.print(result, () => ["stopped"]);
    return exitCode.ok;
  },
};

/** Waits until nobody answers on the socket any more. */
async function gone(invocation: Invocation): Promise<void> {
  const deadline = performance.now() + stopTimeoutMs;
  while (performance.now() < deadline) {
    try {
      await invocation.client.log();
    } catch (error) {
      if (error instanceof CliError && error.code === "notRunning") return;
    }
    await sleep(lookIntervalMs);
  }
  throw new CliError({
    code: "stopping",
    message: "the agent is still ending",
    cause: "a running action has not finished or rolled back yet",
    next: `${invocation.self} status`,
    exit: exitCode.tryAgain,
  });
}
