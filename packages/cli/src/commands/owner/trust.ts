import {
  authorBytesMaxDefault,
  type Grant,
  isRejection,
  type Mode,
  modes,
  type Power,
  powers,
  shortId,
} from "@antibody/policy";
import { compareCode } from "../../author/compareCode.ts";
import { askConsent } from "../../consent.ts";
import { CliError, exitCode } from "../../errors.ts";
import { findId } from "../../find.ts";
import type { Invocation } from "../../invocation.ts";
import { readGlobs, readMode, readPowers, readWhole } from "../../options.ts";
import { command } from "../../ownerCommand.ts";
import { printable } from "../../text/printable.ts";
import { sayEverywhere } from "../../trust/everywhere.ts";
import { namedAuthor } from "../../trust/find.ts";
import { type TrustPlan, trustPlan } from "../../trust/plan.ts";
import type { Verb } from "../../verb.ts";
import { planLines, type TrustChangeView, trustLines, trustView } from "../../views/trust.ts";

interface AddOptions {
  readonly scope: readonly string[];
  readonly rank: number;
  readonly mode: Mode;
  readonly power?: readonly Power[];
  readonly bytesMax: number;
  readonly everywhere?: boolean;
  readonly ownerKey?: string;
  readonly yes?: boolean;
}

interface RemoveOptions {
  readonly everywhere?: boolean;
  readonly ownerKey?: string;
  readonly yes?: boolean;
}

const everywhereText = "on all devices that obey this owner's key, not on this one alone";
const ownerKeyText = "the owner's secret key; default: the one in the state directory";

/** `antibody trust list`: who may tell this device what. */
export const trustList: Verb<object> = {
  usage: "list",
  summary: "Who may tell this device what: scope, rank, mode, powers, and who introduced them.",
  examples: ["antibody trust list"],
  exits: [[0, "shown"]],
  asksAgent: true,
  async run({ invocation }) {
    const view = trustView(await invocation.client.inspect());
    invocation.print(view, () => trustLines(view));
    return exitCode.ok;
  },
};

/** `antibody trust add AUTHOR`: accepts an author, after showing what that changes. */
export const trustAdd: Verb<AddOptions> = {
  usage: "add <author>",
  summary: "Accept an author for a part of this device. Shows what would change, then asks.",
  examples: [
    'antibody trust add home.root --scope "file:/etc/**" --rank 10 --mode enforce',
    'antibody trust add author_abcd2345 --scope "process:*" --rank 10 --power process --yes',
    'antibody trust add home.root --scope "file:/etc/**" --rank 10 --everywhere',
  ],
  exits: [
    [0, "accepted"],
    [1, "no such author, the root cannot be used, or you said no"],
  ],
  asksAgent: true,
  declare: (verb) =>
    void verb
      .requiredOption(
        "--scope <glob>",
        'resources it may speak of, such as "file:/etc/**" (repeatable)',
        readGlobs,
      )
      .requiredOption(
        "--rank <number>",
        "of several authors the highest rank wins",
        readWhole(-1000000, 1000000),
      )
      .option("--mode <mode>", `what to do about drift: ${modes.join(", ")}`, readMode, "enforce")
      .option(
        "--power <powers>",
        `what it may run or expose, of ${powers.join(",")} (repeatable)`,
        readPowers,
      )
      .option("--bytes-max <number>", "what its bundles may take", readWhole(1, 1e12), authorBytesMaxDefault)
      .option("--everywhere", everywhereText)
      .option("--owner-key <file>", ownerKeyText)
      .option("--yes", "do not ask"),
  async run({ invocation, options, args: [text = ""] }) {
    const inspection = await invocation.client.inspect();
    const named = await namedAuthor(inspection, text, invocation);
    const grant: Grant = {
      author: named.author,
      scope: options.scope,
      rank: options.rank,
      mode: options.mode,
      powers: [...new Set(options.power ?? [])],
      bytesMax: options.bytesMax,
      ...(named.rootDigest === undefined ? {} : { root: named.rootDigest }),
      introducedBy: "owner",
    };
    const isEverywhere = options.everywhere === true;
    const plan = trustPlan(inspection, named.author, grant);
    return change(invocation, plan, options.yes === true, async () => {
      if (named.rootBytes !== undefined) await offerRoot(invocation, named.rootBytes);
      if (isEverywhere) await sayEverywhere(invocation, inspection, named.author, grant, options.ownerKey);
      else await command(invocation, { type: "grant", grant });
    });
  },
};

/** `antibody trust remove AUTHOR`: no longer accepts an author, after showing what that changes. */
export const trustRemove: Verb<RemoveOptions> = {
  usage: "remove <author>",
  summary: "Accept an author no longer. Shows what would no longer be kept, then asks.",
  examples: ["antibody trust remove author_abcd2345", "antibody trust remove author_abcd2345 --everywhere"],
  exits: [
    [0, "no longer accepted"],
    [1, "no such author is accepted, or you said no"],
  ],
  asksAgent: true,
  declare: (verb) =>
    void verb
      .option("--everywhere", everywhereText)
      .option("--owner-key <file>", ownerKeyText)
      .option("--yes", "do not ask"),
  async run({ invocation, options, args: [text = ""] }) {
    const inspection = await invocation.client.inspect();
    const accepted = inspection.grants.map(({ author }) => author);
    const author = findId(accepted, text, "accepted author", `${invocation.self} trust list`);
    const isEverywhere = options.everywhere === true;
    // Of both kinds of grants the one for all devices remains, unless it is what goes.
    const remaining = inspection.owner?.stands.find((stand) => stand.author === author)?.grant;
    const plan = trustPlan(inspection, author, isEverywhere ? undefined : remaining);
    return change(invocation, plan, options.yes === true, async () => {
      if (isEverywhere) await sayEverywhere(invocation, inspection, author, undefined, options.ownerKey);
      else await command(invocation, { type: "revokeGrant", author });
    });
  },
};

/** Shows the plan, asks where somebody can be asked, and applies it. */
async function change(
  invocation: Invocation,
  plan: TrustPlan,
  yes: boolean,
  apply: () => Promise<void>,
): Promise<0> {
  const { terminal } = invocation;
  if (!yes) {
    for (const line of planLines(plan, compareCode(plan.author))) terminal.err(`${line}\n`);
    await askConsent(invocation, "Do it?", "trust list");
  }
  await apply();
  const view: TrustChangeView = { schema: "antibody.trustChange/1", ...plan, applied: true };
  invocation.print(view, () => [
    ...(yes ? planLines(plan, compareCode(plan.author)) : []),
    plan.after === undefined
      ? `${shortId(plan.author)} is no longer accepted`
      : `${shortId(plan.author)} is accepted`,
  ]);
  return exitCode.ok;
}

async function offerRoot(invocation: Invocation, rootBytes: Uint8Array): Promise<void> {
  const reply = await invocation.client.offer(rootBytes);
  if (!isRejection(reply)) return;
  throw new CliError({
    code: reply.reason,
    message: "the agent rejects the author's root",
    cause: printable(`${reply.reason}: ${reply.detail}`),
    next: "ask the author for its newest root",
    exit: exitCode.failed,
  });
}
