import { inviteMsMax, type LogLine, withDeadline } from "@antibody/agent/control";
import { formatDuration } from "@antibody/core";
import { shortId } from "@antibody/policy";
import { InvalidArgumentError, Option } from "commander";
import { CliError, exitCode } from "../../errors.ts";
import { findPeer } from "../../find.ts";
import type { Invocation } from "../../invocation.ts";
import { readDuration } from "../../options.ts";
import { refusalError } from "../../ownerCommand.ts";
import { printable } from "../../text/printable.ts";
import { qrLines } from "../../text/qr.ts";
import type { Verb } from "../../verb.ts";
import type { JoinedView } from "./join.ts";

/** What `invite` tells, as `--json` prints it. */
interface InviteView {
  readonly schema: "antibody.invite/1";
  /** Whoever has it may join, once. */
  readonly code: string;
  readonly expiresAt: string;
  readonly nextCommand: string;
}

interface InviteOptions {
  readonly expires: number;
  readonly mayInvite?: boolean;
  readonly replace?: string;
  readonly qr?: boolean;
  readonly wait?: boolean;
}

/** Name of the log line that tells of a device that came in. */
const enrolledEvent = "network.enrolled";
const expiresMsDefault = 600_000;

/** `antibody invite`: a code for one more device, and afterwards what to compare. */
export const invite: Verb<InviteOptions> = {
  usage: "invite",
  summary:
    "Print a code with which one more device may join, once. On a terminal, wait for it and show what to compare.",
  examples: [
    "antibody invite",
    "antibody invite --expires 1h --no-wait",
    "antibody invite --replace kitchen",
  ],
  exits: [
    [0, "the code was printed; when waiting: a device has joined, or you interrupted"],
    [1, "this agent may not invite; when waiting: the code expired unused"],
  ],
  asksAgent: true,
  declare: (command) =>
    void command
      .addOption(
        new Option("--expires <duration>", "how long the code works")
          .argParser(readExpiry)
          .default(expiresMsDefault, formatDuration(expiresMsDefault)),
      )
      .option("--may-invite", "the new device may invite others itself")
      .option("--replace <name>", "the new device takes the place of this member, which is evicted then")
      .option("--qr", "show the code as a QR code too, on stderr (default on a terminal)")
      .option("--no-qr", "show no QR code")
      .option("--wait", "wait until the device has joined (default on a terminal)")
      .option("--no-wait", "only print the code"),
  async run({ invocation, options }) {
    const waits = options.wait ?? (invocation.terminal.canAsk && !invocation.json);
    const since = new Date(invocation.terminal.now()).toISOString();
    const replaced =
      options.replace === undefined
        ? undefined
        : findPeer(await invocation.client.inspect(), options.replace, invocation.self);
    const invite = await invocation.client.invite({
      expiresInMs: options.expires,
      mayInvite: options.mayInvite === true,
      ...(replaced === undefined ? {} : { replaces: replaced.agent }),
    });
    if (!("code" in invite)) throw refusalError(invocation, "invite", invite);
    const { code, expiresMs } = invite;
    const view: InviteView = {
      schema: "antibody.invite/1",
      code,
      expiresAt: new Date(expiresMs).toISOString(),
      nextCommand: `antibody join ${code} --name ${replaced?.name ?? "NAME"}`,
    };
    invocation.print(view, () => [
      code,
      `works once, for ${formatDuration(options.expires)}; on the other device: antibody join CODE --name ${replaced === undefined ? "NAME" : printable(replaced.name)}`,
      ...(replaced === undefined
        ? []
        : [
            `${printable(replaced.name)} (${shortId(replaced.agent)}) is evicted as soon as the other device has joined`,
          ]),
    ]);
    if (options.qr ?? (invocation.terminal.live && !invocation.json)) {
      invocation.terminal.err(`${qrLines(code).join("\n")}\n`);
    }
    if (!waits) return exitCode.ok;
    return waitForJoiner(invocation, options.expires, since);
  },
};

async function waitForJoiner(invocation: Invocation, expiresInMs: number, since: string): Promise<0> {
  const { interrupted } = invocation.terminal;
  return withDeadline({ ms: expiresInMs, signals: [interrupted] }, async (signal) => {
    // From the recent lines on: the device may have joined between the code and this.
    for await (const line of invocation.client.follow(true, signal)) {
      if (line.event !== enrolledEvent || line.time < since) continue;
      const view = joinedView(line);
      invocation.print(view, () => [
        `joined     ${printable(view.name)} (${shortId(view.agent)})`,
        `compare    ${view.comparisonCode}  (the other device shows the same, or somebody sits in between)`,
      ]);
      return exitCode.ok;
    }
    if (interrupted.aborted) return exitCode.ok;
    throw new CliError({
      code: "expired",
      message: "nobody joined",
      cause: signal.aborted ? "the code has expired" : "the agent ended",
      next: `${invocation.self} invite`,
      exit: exitCode.failed,
    });
  });
}

function joinedView(line: LogLine): JoinedView {
  return {
    schema: "antibody.joined/1",
    agent: String(line["peer"]),
    name: String(line["name"]),
    comparisonCode: String(line["sas"]),
  };
}

function readExpiry(text: string): number {
  const spanMs = readDuration(text);
  if (spanMs <= inviteMsMax && spanMs >= 1_000) return spanMs;
  throw new InvalidArgumentError(`Write a duration from 1s to ${formatDuration(inviteMsMax)}.`);
}
