import type { Inspection, RolloutView } from "@antibody/core";
import {
  type Directive,
  isRejection,
  sealDirective,
  shortId,
  stageDetailCharactersMax,
} from "@antibody/policy";
import { InvalidArgumentError } from "commander";
import { record, signersOf } from "../../author/doing.ts";
import { sealWith } from "../../author/sealing.ts";
import { alsoOption, readSigners } from "../../author/signers.ts";
import { CliError, exitCode } from "../../errors.ts";
import type { Invocation } from "../../invocation.ts";
import { Moments } from "../../live/moments.ts";
import { readWhole } from "../../options.ts";
import { printable } from "../../text/printable.ts";
import { fit } from "../../text/table.ts";
import type { Verb } from "../../verb.ts";
import { type RolloutsView, rolloutLines, rolloutsView } from "../../views/rollouts.ts";

/** Looks at most so often. A guess: as `watch`. */
const everyMs = 1_000;

/** `antibody rollout show`: where generations stand that come into force in stages. */
export const rolloutShow: Verb<{ readonly live?: boolean }> = {
  usage: "show [stream]",
  summary: "Where generations stand that come into force in stages: the waves, who is well, who failed.",
  examples: ["antibody rollout show", "antibody rollout show home --live"],
  exits: [[0, "shown, or interrupted"]],
  asksAgent: true,
  declare: (verb) => void verb.option("--live", "go on, and show every change until interrupted"),
  async run({ invocation, options, args: [stream] }) {
    if (options.live === true) await showLive(invocation, stream);
    else show(invocation, await invocation.client.inspect(), stream);
    return exitCode.ok;
  },
};

function show(invocation: Invocation, inspection: Inspection, stream: string | undefined): void {
  const view = rolloutsView(inspection, stream);
  invocation.print(view, () => rolloutLines(view, invocation.self));
}

/** One picture per change; on a terminal each paints over the one before. Says when the agent cannot be asked. */
async function showLive(invocation: Invocation, stream: string | undefined): Promise<void> {
  const { terminal, client, json, self } = invocation;
  const { columns } = terminal;
  let view: RolloutsView | undefined;
  let last = "";
  let painted = 0;
  for await (const moment of new Moments({ client, everyMs, signal: terminal.interrupted })) {
    if (moment.type === "seen") view = rolloutsView(moment.inspection, stream);
    const lost = moment.type === "lost" ? [`the agent cannot be asked: ${printable(moment.cause)}`] : [];
    const lines = [...(view === undefined ? [] : rolloutLines(view, self)), ...lost];
    const picture = json ? JSON.stringify({ ...view, time: "" }) : lines.join("\n");
    if (picture === last || view === undefined) continue;
    last = picture;
    if (columns !== undefined && !json && painted > 0) terminal.out(`\u001b[${painted}A\u001b[J`);
    // What is broken over two rows would not be painted over.
    const fitted = columns === undefined ? lines : lines.map((line) => fit(line, columns - 1));
    painted = fitted.length;
    invocation.print(view, () => fitted);
  }
}

interface WordOptions {
  readonly author: string;
  readonly also?: readonly string[];
  readonly wave?: number;
  readonly reason?: string;
}

/** What the author's word tells, as `--json` prints it. */
interface WordView {
  readonly schema: "antibody.directive/1";
  readonly verb: Directive["verb"];
  readonly author: string;
  readonly stream: string;
  readonly generation: number;
  readonly wave?: number;
}

/** `antibody rollout advance`: the next wave begins, whoever is silent. */
export const rolloutAdvance: Verb<WordOptions> = {
  ...wordVerb(
    "advance",
    "Let the next wave begin, whoever is silent. A halt stands against it.",
    "antibody rollout advance home --author home",
  ),
  declare: (verb) =>
    void verb
      .requiredOption("--author <name>", "the author whose key signs it")
      .addOption(alsoOption())
      .option(
        "--wave <number>",
        "the last wave that begins, from 1; the next one where absent",
        readWhole(1, 100),
      )
      .option("--reason <text>", "why, for whoever looks later", readReason),
};

/** `antibody rollout halt`: no further device takes the generation up. */
export const rolloutHalt: Verb<WordOptions> = wordVerb(
  "halt",
  "Let no further device take the generation up, for good; who still tries it goes back.",
  'antibody rollout halt home --author home --reason "sensors lose their clock"',
);

/** `antibody rollout commit`: those who are ready switch. */
export const rolloutCommit: Verb<WordOptions> = wordVerb(
  "commit",
  "Let all devices switch that wait at a barrier, now and later: it is never taken back.",
  "antibody rollout commit home --author home",
);

/** `antibody rollout abort`: those who are ready do not switch. */
export const rolloutAbort: Verb<WordOptions> = wordVerb(
  "abort",
  "Call a barrier off: nobody switches. It means nothing where a commit was given.",
  "antibody rollout abort home --author home",
);

function wordVerb(verb: Directive["verb"], summary: string, example: string): Verb<WordOptions> {
  return {
    usage: `${verb} <stream>`,
    summary,
    examples: [example],
    exits: [
      [0, "signed and published"],
      [1, "no such rollout, the key cannot be used, or the agent rejected it"],
    ],
    asksAgent: true,
    declare: (command) =>
      void command
        .requiredOption("--author <name>", "the author whose key signs it")
        .addOption(alsoOption())
        .option("--reason <text>", "why, for whoever looks later", readReason),
    async run({ invocation, options, args: [stream = ""] }) {
      const view = await say(invocation, verb, stream, options);
      invocation.print(view, () => [
        `said ${verb} of ${view.stream} generation ${view.generation}${view.wave === undefined ? "" : `, up to wave ${view.wave}`}`,
        `next: ${invocation.self} rollout show ${view.stream}`,
      ]);
      return exitCode.ok;
    },
  };
}

async function say(
  invocation: Invocation,
  verb: Directive["verb"],
  stream: string,
  options: WordOptions,
): Promise<WordView> {
  const { author, otherSigners } = await readSigners(invocation, options.author, options.also);
  const rollout = newestOf(await invocation.client.inspect(), author.author, stream, invocation.self);
  const wave = verb === "advance" ? (options.wave ?? nextWave(rollout)) : undefined;
  const directive = {
    v: 1,
    type: "directive",
    author: author.author,
    stream: rollout.stream,
    epoch: rollout.epoch,
    generation: rollout.generation,
    manifest: rollout.manifest,
    verb,
    ...(wave === undefined ? {} : { wave: wave - 1 }),
    reason: options.reason ?? "",
  } as Directive;
  const sealed = await sealWith([author.key, ...otherSigners], (signer, others) =>
    sealDirective(directive, [signer, ...others]),
  );
  const reply = await invocation.client.offer(sealed);
  if (isRejection(reply)) {
    throw new CliError({
      code: reply.reason,
      message: "the agent rejects it",
      cause: printable(`${reply.reason}: ${reply.detail}`),
      next: `${invocation.self} logs`,
      exit: exitCode.failed,
    });
  }
  record(invocation, author.author, {
    type: "said",
    name: author.name,
    verb,
    stream: rollout.stream,
    epoch: rollout.epoch,
    generation: rollout.generation,
    manifest: rollout.manifest,
    ...(wave === undefined ? {} : { wave }),
    ...(options.reason === undefined ? {} : { reason: options.reason }),
    signedBy: signersOf(sealed, author.root.keys),
  });
  return {
    schema: "antibody.directive/1",
    verb,
    author: author.author,
    stream: rollout.stream,
    generation: rollout.generation,
    ...(wave === undefined ? {} : { wave }),
  };
}

/** The newest generation in stages of one stream. */
function newestOf({ rollouts = [] }: Inspection, author: string, stream: string, self: string): RolloutView {
  const own = rollouts.filter((each) => each.author === author && each.stream === stream);
  const newest = own.toSorted((a, b) => b.epoch - a.epoch || b.generation - a.generation)[0];
  if (newest !== undefined) return newest;
  throw new CliError({
    code: "noRollout",
    message: `no generation of ${stream} comes into force in stages here`,
    cause: `of ${shortId(author)} this agent holds none that was published with --waves, --trial or --barrier`,
    next: `${self} rollout show`,
    exit: exitCode.failed,
  });
}

/** The first wave that has not begun, from 1; the last one where all have. */
function nextWave({ waves }: RolloutView): number {
  const waiting = waves.findIndex(({ state }) => state === "waiting" || state === "halted");
  return waiting < 0 ? waves.length : waiting + 1;
}

function readReason(text: string): string {
  if (text !== "" && text.length <= stageDetailCharactersMax && text === text.normalize("NFC")) return text;
  throw new InvalidArgumentError(`Write at most ${stageDetailCharactersMax} characters (in Unicode form C).`);
}
