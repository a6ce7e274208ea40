import { CliError, exitCode } from "../../errors.ts";
import type { Invocation } from "../../invocation.ts";
import { readWhole } from "../../options.ts";
import type { Verb } from "../../verb.ts";
import { type HistoryEntry, historyEntry, historyLines } from "../../views/history.ts";

/** Guess: a screen, and what scrolled by. */
const limitDefault = 50;
/** More than the two files of the audit log hold. */
const limitMax = 100_000;

/** `antibody log`: who did what and why, and which policy came into force when. */
export const log: Verb<{ readonly limit?: number }> = {
  usage: "log",
  summary: "History: who ordered what and why, which policy came into force when. Survives restarts.",
  examples: ["antibody log", "antibody log --limit 1000 --json | jq 'select(.event == \"order.pause\")'"],
  exits: [[0, "shown, the newest last; also of an agent that does not run"]],
  asksAgent: true,
  declare: (command) =>
    void command.option(
      "--limit <number>",
      `the newest so many; default: ${limitDefault}`,
      readWhole(1, limitMax),
    ),
  async run({ invocation, options }) {
    const entries = (await historyOf(invocation)).slice(-(options.limit ?? limitDefault));
    for (const entry of entries) invocation.print(entry, () => historyLines(entry));
    if (entries.length === 0 && !invocation.json) invocation.terminal.out("nothing yet\n");
    return exitCode.ok;
  },
};

/** Of a running agent by its socket, else from its state directory. */
async function historyOf({ client, state }: Invocation): Promise<readonly HistoryEntry[]> {
  try {
    return (await client.history()).map(historyEntry);
  } catch (error) {
    if (!(error instanceof CliError) || error.exit !== exitCode.notRunning) throw error;
    const { readAudit } = await import("@antibody/agent");
    const lines = readAudit(state);
    if (lines.length === 0) throw error;
    return lines.map(historyEntry);
  }
}
