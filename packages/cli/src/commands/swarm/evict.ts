import { readFile } from "node:fs/promises";
import { keyFromSeed } from "@antibody/agent/state";
import {
  evictionKeepsMax,
  evictionReasonBytesMax,
  isPlainText,
  type MemberView,
  sealEviction,
} from "@antibody/core";
import {
  type AgentId,
  base32Decode,
  compareText,
  equalBytes,
  isRejection,
  shortId,
  toHex,
} from "@antibody/policy";
import { InvalidArgumentError } from "commander";
import { askConsent } from "../../consent.ts";
import { CliError, exitCode, usageError } from "../../errors.ts";
import { findPeer } from "../../find.ts";
import type { Invocation } from "../../invocation.ts";
import { command } from "../../ownerCommand.ts";
import { withSelf } from "../../self.ts";
import { printable } from "../../text/printable.ts";
import type { Verb } from "../../verb.ts";

/** What `evict` tells, as `--json` prints it. */
interface EvictView {
  readonly schema: "antibody.evicted/1";
  readonly agent: string;
  readonly name: string;
  readonly reason: string;
  /** Members that the evicted one has invited, and that stay. */
  readonly keeps: readonly string[];
  /** Members that go with it. */
  readonly takesAlong: readonly string[];
}

interface EvictOptions {
  readonly reason: string;
  readonly withInvited?: boolean;
  readonly recoveryKey?: string;
  readonly yes?: boolean;
}

/** `antibody evict NAME`: puts a device out of the swarm, for good. */
export const evict: Verb<EvictOptions> = {
  usage: "evict <peer>",
  summary:
    "Put a device out of the swarm, for good: its key counts no more, and lets nobody in. Whom it has invited stays, unless you say otherwise.",
  examples: [
    'antibody evict kitchen --reason "stolen"',
    'antibody evict hall --reason "sold" --recovery-key recovery.txt',
  ],
  exits: [
    [0, "evicted; every member hears of it"],
    [1, "this device may not, or you said no"],
  ],
  asksAgent: true,
  declare: (verb) =>
    void verb
      .requiredOption("--reason <text>", "why, for whoever looks later", readReason)
      .option("--with-invited", "whom it has invited, directly or through others, goes too")
      .option(
        "--recovery-key <file>",
        "sign with the recovery key that init has shown; - reads standard input",
      )
      .option("--yes", "do not ask"),
  async run({ invocation, options, args: [text = ""] }) {
    const inspection = await invocation.client.inspect();
    const subject = findPeer(inspection, text, invocation.self);
    // Whoever asks may itself have been invited by who goes.
    const itself = { agent: inspection.agent, name: inspection.name };
    const invited = await invitedBy(invocation, subject.agent, [itself, ...inspection.members]);
    const keeps = options.withInvited === true ? [] : invited;
    if (keeps.length > evictionKeepsMax) throw tooManyToKeep(keeps.length, subject.name);
    const view: EvictView = {
      schema: "antibody.evicted/1",
      agent: subject.agent,
      name: subject.name,
      reason: options.reason,
      keeps: keeps.map(({ name }) => name),
      takesAlong: options.withInvited === true ? invited.map(({ name }) => name) : [],
    };
    await confirm(invocation, view, options.yes === true);
    const agents = keeps.map(({ agent }) => agent).sort(compareText);
    if (options.recoveryKey === undefined) {
      const { agent } = subject;
      await command(invocation, { type: "evict", agent, keeps: agents, reason: options.reason });
    } else await evictByRecovery(invocation, subject, agents, options.reason, options.recoveryKey);
    invocation.print(view, () => [`${printable(view.name)} (${shortId(view.agent)}) is out of the swarm`]);
    return exitCode.ok;
  },
};

type Named = Pick<MemberView, "agent" | "name">;

/** Members in whose chain the subject stands. */
async function invitedBy(
  invocation: Invocation,
  subject: AgentId,
  members: readonly Named[],
): Promise<readonly Named[]> {
  const { client } = invocation;
  const own = await client.chainOf(subject);
  const certificate = own.at(-1);
  const invited: Named[] = [];
  for (const member of members) {
    if (member.agent === subject || certificate === undefined) continue;
    const link = (await client.chainOf(member.agent))[own.length - 1];
    if (link !== undefined && equalBytes(link, certificate)) invited.push(member);
  }
  return invited;
}

async function confirm(invocation: Invocation, view: EvictView, yes: boolean): Promise<void> {
  if (yes) return;
  const { terminal } = invocation;
  const names = (of: readonly string[]): string => of.map(printable).join(", ");
  terminal.err(`evict      ${printable(view.name)} (${shortId(view.agent)}): ${printable(view.reason)}\n`);
  if (view.keeps.length > 0) terminal.err(`stay       ${names(view.keeps)}, whom it has invited\n`);
  if (view.takesAlong.length > 0) terminal.err(`go too     ${names(view.takesAlong)}, whom it has invited\n`);
  await askConsent(invocation, "It cannot be taken back. Do it?", "peers");
}

/** Signs here: the recovery key goes to no agent. */
async function evictByRecovery(
  invocation: Invocation,
  subject: MemberView,
  keeps: readonly AgentId[],
  reason: string,
  file: string,
): Promise<void> {
  const key = keyFromSeed(await readRecoverySeed(file));
  const { swarm } = await invocation.client.inspect();
  const chain = await invocation.client.chainOf(subject.agent);
  const signer = toHex(key.publicKey);
  const body = { v: 1, type: "eviction", swarm, agent: subject.agent, signer, keeps, reason } as const;
  const reply = await invocation.client.publishEviction({ chain, eviction: sealEviction(body, key) });
  if (!isRejection(reply) && reply.type === "ok") return;
  throw new CliError({
    code: "refused",
    message: `${subject.name} is not evicted`,
    cause: printable(isRejection(reply) ? reply.detail : reply.message),
    next: isRejection(reply)
      ? "check that it is the recovery key of this very swarm"
      : printable(withSelf(reply.next, invocation.self)),
    exit: exitCode.failed,
  });
}

/** The 32 bytes that `init` has shown as groups of letters and digits. */
async function readRecoverySeed(file: string): Promise<Uint8Array> {
  const text = await readFile(file === "-" ? "/dev/stdin" : file, "utf8").catch((error: unknown) => {
    throw usageError(
      "the recovery key cannot be read",
      error instanceof Error ? error.message : String(error),
      "--recovery-key FILE, with what init has shown in it; - reads standard input",
    );
  });
  const seed = base32Decode(text.replaceAll(/[\s-]/g, "").toLowerCase());
  if (seed?.length === 32) return seed;
  throw usageError(
    "this is no recovery key",
    "a recovery key is 52 letters and digits, in groups of four",
    "write it as init has shown it",
  );
}

function tooManyToKeep(count: number, name: string): CliError {
  return new CliError({
    code: "tooMany",
    message: `${name} has invited ${count} members, and one eviction keeps at most ${evictionKeepsMax}`,
    cause: "whom an eviction does not name goes with the evicted one",
    next: "evict with --with-invited, and invite again who is to stay",
    exit: exitCode.failed,
  });
}

function readReason(text: string): string {
  if (isPlainText(text, evictionReasonBytesMax)) return text;
  throw new InvalidArgumentError(`Write one line of plain text, 1 to ${evictionReasonBytesMax} bytes.`);
}
