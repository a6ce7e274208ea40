import { exitCode, usageError } from "../../errors.ts";
import type { Invocation } from "../../invocation.ts";
import { Moments } from "../../live/moments.ts";
import { readDuration } from "../../options.ts";
import type { Verb } from "../../verb.ts";
import { changeLine, changesOf, type WatchView, watchView } from "../../views/watch.ts";
import { WatchSession } from "../../watch/session.ts";

/** Guess: as often as people look, and on a line of 9,600 baud a whole screen passes in that time. */
const everyMsDefault = 1_000;
/** A guess: more often costs the agent more than it shows. */
const everyMsMin = 200;

/** `antibody watch`: the agent as it is, live; on a pipe one line per change. */
export const watch: Verb<{ readonly every?: number }> = {
  usage: "watch",
  summary: "The agent live: what is not as promised, what runs, peers, incidents, and keys to hold it.",
  examples: [
    "antibody watch",
    "antibody watch --every 5s   # over a slow line",
    "antibody watch --json | head",
  ],
  exits: [[0, "left, or interrupted"]],
  asksAgent: true,
  declare: (command) =>
    void command.option(
      "--every <span>",
      "paint at most so often, and look so often while something runs; default: 1s",
      readDuration,
    ),
  async run({ invocation, options }) {
    const everyMs = options.every ?? everyMsDefault;
    if (everyMs < everyMsMin)
      throw usageError(
        "the screen cannot be painted so often",
        `at most every ${everyMsMin}ms`,
        "antibody watch",
      );
    const { terminal, client, self, json } = invocation;
    const screen = json ? undefined : terminal.openScreen();
    if (screen === undefined) await tellChanges(invocation, everyMs);
    else await new WatchSession({ client, screen, self, everyMs, interrupted: terminal.interrupted }).run();
    return exitCode.ok;
  },
};

/** One line per change, everything first. Ends when it is interrupted. */
async function tellChanges(invocation: Invocation, everyMs: number): Promise<void> {
  const { client, self, terminal } = invocation;
  let before: WatchView | undefined;
  let isLost = false;
  for await (const moment of new Moments({ client, everyMs, signal: terminal.interrupted })) {
    if (moment.type === "lost") {
      if (!isLost) terminal.err(`${moment.cause}; it is tried again\n`);
      isLost = true;
      continue;
    }
    isLost = false;
    const view = watchView(moment.inspection, self);
    for (const change of changesOf(before, view)) invocation.print(change, () => [changeLine(change)]);
    before = view;
  }
}
