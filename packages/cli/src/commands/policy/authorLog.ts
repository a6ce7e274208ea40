import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Inspection } from "@antibody/core";
import { type AuthorId, matchIdPrefix } from "@antibody/policy";
import { authorsHere, deedsOf } from "../../author/deeds.ts";
import { namedPublisher } from "../../author/publisher.ts";
import { exitCode } from "../../errors.ts";
import { type Invocation, inspectionHere, shellWord } from "../../invocation.ts";
import { readWhole } from "../../options.ts";
import { printable } from "../../text/printable.ts";
import type { Verb } from "../../verb.ts";
import { type AuthorLogEntry, authorLogEntries, authorLogLines } from "../../views/authorLog.ts";

interface AuthorLogOptions {
  readonly author?: string;
  readonly limit: number;
}

/** Guess: a screen, and what scrolled by. */
const limitDefault = 50;
/** More than is kept of any author. */
const limitMax = 100_000;

/** `antibody author log`: what was published from here, signed by whom, and what became of it. */
export const authorLog: Verb<AuthorLogOptions> = {
  usage: "log [stream]",
  summary:
    "What was published, rotated and revoked from this state directory: when, by which keys, what it changed, and where it is in force as far as the agent here has heard.",
  examples: ["antibody author log", "antibody author log home --author home --json"],
  exits: [
    [0, "shown, the newest last; also where no agent runs"],
    [1, "no such author"],
  ],
  asksAgent: false,
  declare: (command) =>
    void command
      .option("--author <name>", "one author: a key of the state directory, a key or root file, or an id")
      .option("--limit <number>", "the newest so many", readWhole(1, limitMax), limitDefault),
  async run({ invocation, options, args: [stream] }) {
    const inspection = await inspectionHere(invocation);
    const all = (await authorsOf(invocation, options.author, inspection)).flatMap((author) =>
      authorLogEntries(author, deedsOf(invocation.state, author), inspection),
    );
    const entries = all
      .filter((entry) => stream === undefined || ("stream" in entry && entry.stream === stream))
      .toSorted((left, right) => timeOf(left) - timeOf(right))
      .slice(-options.limit);
    for (const entry of entries) invocation.print(entry, () => authorLogLines(entry));
    if (entries.length === 0 && !invocation.json) {
      const lines = all.length === 0 ? nothingLines(invocation) : noStreamLines(invocation, stream ?? "");
      invocation.terminal.out(`${lines.join("\n")}\n`);
    }
    return exitCode.ok;
  },
};

/** Where nothing was published yet: how it begins, with a key or with the key that is there. */
function nothingLines({ state, self }: Invocation): readonly string[] {
  const [only, ...others] = namesOfAuthors(join(state, "author-keys"));
  const name = only === undefined || others.length > 0 ? "NAME" : shellWord(printable(only));
  const next = only === undefined ? "author keygen --name NAME" : `publish FILE --author ${name}`;
  return [`nothing was published from ${printable(state)}`, `next: ${self} ${next}`];
}

/** Nobody where there is no such directory, or this user may not look. */
function namesOfAuthors(directory: string): readonly string[] {
  try {
    const roots = readdirSync(directory).filter((file) => file.endsWith(".root"));
    return roots.map((file) => file.slice(0, -".root".length));
  } catch {
    return [];
  }
}

function noStreamLines({ state, self }: Invocation, stream: string): readonly string[] {
  return [
    `nothing of stream ${printable(stream)} was published from ${printable(state)}`,
    `next: ${self} author log`,
  ];
}

async function authorsOf(
  invocation: Invocation,
  named: string | undefined,
  inspection: Inspection | undefined,
): Promise<readonly AuthorId[]> {
  const here = authorsHere(invocation.state);
  if (named === undefined) return here;
  const match = named.startsWith("author_") ? matchIdPrefix(here, named) : undefined;
  if (match !== undefined && "found" in match) return [match.found];
  const { author } = await namedPublisher(invocation, named, inspection);
  return author === undefined ? [] : [author];
}

/** What is now comes last. */
function timeOf(entry: AuthorLogEntry): number {
  return entry.type === "heard" ? Number.MAX_SAFE_INTEGER : Date.parse(entry.time);
}
