import { formatDuration } from "@antibody/core";
import {
  type AuthorId,
  compareText,
  type Heartbeat,
  isRejection,
  type StreamName,
  sealHeartbeat,
  shortId,
} from "@antibody/policy";
import { Option } from "commander";
import { sealWith } from "../../author/sealing.ts";
import { alsoOption, authorOption, readSigners } from "../../author/signers.ts";
import { CliError, exitCode } from "../../errors.ts";
import { readDuration } from "../../options.ts";
import { printable } from "../../text/printable.ts";
import type { Verb } from "../../verb.ts";

/** What `author heartbeat` tells, as `--json` prints it. */
interface HeartbeatView {
  readonly schema: "antibody.heartbeat/1";
  readonly author: string;
  readonly epoch: number;
  readonly freshUntil: string;
  readonly streams: readonly { readonly stream: string; readonly generation: number }[];
}

interface HeartbeatOptions {
  readonly author: string;
  readonly also?: readonly string[];
  readonly freshFor: number;
}

/** A week: a guess. */
const freshForMsDefault = 7 * 24 * 3_600_000;

/** `antibody author heartbeat`: says that what is published is the newest, for a while. */
export const authorHeartbeat: Verb<HeartbeatOptions> = {
  usage: "heartbeat",
  summary:
    "Sign that your newest generations are the newest, for a while. A device that hears no more of you then says so, and takes up nothing new.",
  examples: ["antibody author heartbeat --author home --fresh-for 2d"],
  exits: [
    [0, "signed and published"],
    [1, "the key cannot be used, or the agent rejected it"],
  ],
  asksAgent: true,
  declare: (verb) =>
    void verb
      .addOption(authorOption().makeOptionMandatory())
      .addOption(alsoOption())
      .addOption(
        new Option("--fresh-for <duration>", "how long it is believed")
          .argParser(readDuration)
          .default(freshForMsDefault, formatDuration(freshForMsDefault)),
      ),
  async run({ invocation, options }) {
    const { author, otherSigners } = await readSigners(invocation, options.author, options.also);
    const inspection = await invocation.client.inspect();
    const wallMs = Date.now();
    const freshUntilMs = wallMs + options.freshFor;
    const streams = newestOf(inspection.streams, author.author, author.root.epoch);
    const { epoch } = author.root;
    const heartbeat: Heartbeat = {
      v: 1,
      type: "heartbeat",
      author: author.author,
      ...{ epoch, wallMs, freshUntilMs, streams },
    };
    const sealed = await sealWith([author.key, ...otherSigners], (signer, others) =>
      sealHeartbeat(heartbeat, [signer, ...others]),
    );
    for (const bytes of [...author.roots, sealed]) {
      const reply = await invocation.client.offer(bytes);
      if (isRejection(reply)) throw rejected(reply.reason, reply.detail);
    }
    const view: HeartbeatView = {
      schema: "antibody.heartbeat/1",
      author: author.author,
      epoch: author.root.epoch,
      freshUntil: new Date(freshUntilMs).toISOString(),
      streams,
    };
    invocation.print(view, () => [
      `author     ${shortId(view.author)}`,
      `fresh      until ${view.freshUntil}`,
      ...streams.map(({ stream, generation }) => `stream     ${stream}, generation ${generation}`),
    ]);
    return exitCode.ok;
  },
};

type StreamStates = readonly {
  readonly author: AuthorId;
  readonly stream: StreamName;
  readonly active?: { readonly version: { readonly epoch: number; readonly generation: number } };
  readonly pending?: { readonly version: { readonly epoch: number; readonly generation: number } };
}[];

/** The highest generation of each stream that the agent has heard of, in the author's epoch. */
function newestOf(states: StreamStates, author: AuthorId, epoch: number) {
  return states
    .filter((state) => state.author === author)
    .map(({ stream, active, pending }) => ({
      stream,
      generation: [active, pending].reduce(
        (newest, state) =>
          state?.version.epoch === epoch ? Math.max(newest, state.version.generation) : newest,
        0,
      ),
    }))
    .filter(({ generation }) => generation > 0)
    .toSorted((left, right) => compareText(left.stream, right.stream));
}

function rejected(reason: string, detail: string): CliError {
  return new CliError({
    code: reason,
    message: "the agent rejects the heartbeat",
    cause: printable(`${reason}: ${detail}`),
    next: "use the key file of the author's newest root",
    exit: exitCode.failed,
  });
}
