import { readFile, writeFile } from "node:fs/promises";
import type { Replay } from "@antibody/agent";
import { nodeCrypto } from "@antibody/agent/state";
import { Mind, type Output, resourceTypes } from "@antibody/core";
import { CliError, exitCode, messageOf } from "../errors.ts";
import { recordingIn } from "../source/incidentFile.ts";
import { fit, labeled } from "../text/table.ts";
import type { Verb } from "../verb.ts";
import { count } from "../views/words.ts";

/** What `replay` tells, as `--json` prints it. */
interface ReplayView {
  readonly schema: "antibody.replay/1";
  /** Absent: the recording of the running agent. */
  readonly file?: string;
  /** The build that recorded. */
  readonly build: string;
  readonly stepsCount: number;
  /** Every output was the same. */
  readonly equal: boolean;
  /** The recording ends in the middle: the agent was killed. */
  readonly cut: boolean;
  readonly firstDifference?: {
    /** From 0. */
    readonly step: number;
    readonly input: string;
    /** Outputs as short texts; what the mind threw, where it did. */
    readonly recorded: readonly string[];
    readonly replayed: readonly string[];
  };
}

/** Characters of one output in a difference. Guess: enough to see which it is. */
const outputCharactersMax = 200;

/** `antibody replay [FILE]`: runs a recorded agent again, step by step, and compares. */
export const replay: Verb<{ readonly save?: string }> = {
  usage: "replay [file]",
  summary:
    "Run a recording again through the same core, and compare every output. Without a file: the running agent's.",
  examples: [
    "antibody replay",
    "antibody replay --save crash.rec",
    "antibody replay crash.rec",
    "antibody replay incident_abcd2345.json   # as incident export wrote it",
  ],
  exits: [
    [0, "every output was the same"],
    [1, "an output differs, or the recording cannot be read"],
  ],
  asksAgent: true,
  declare: (command) => void command.option("--save <file>", "also keep the recording of the running agent"),
  async run({ invocation, options, args: [file] }) {
    const bytes = file === undefined ? await invocation.client.recording() : await readBytes(file);
    if (options.save !== undefined) await writeFile(options.save, bytes, { mode: 0o600 });
    const view = await replayView(bytes, file);
    invocation.print(view, () => replayLines(view));
    return view.equal ? exitCode.ok : exitCode.failed;
  },
};

async function readBytes(file: string): Promise<Uint8Array> {
  try {
    return recordingIn(new Uint8Array(await readFile(file)));
  } catch (error) {
    throw recordingError(file, error);
  }
}

async function replayView(bytes: Uint8Array, file: string | undefined): Promise<ReplayView> {
  // Loaded here: the other commands start without the body.
  const { readRecording, replay: replayRecording } = await import("@antibody/agent");
  try {
    const recording = readRecording(bytes);
    const restore = Mind.restore;
    const { stepCount, firstDifference } = replayRecording(recording, {
      crypto: nodeCrypto(),
      resourceTypes,
      restore,
    });
    return {
      schema: "antibody.replay/1",
      ...(file === undefined ? {} : { file }),
      build: recording.header.build,
      stepsCount: stepCount,
      equal: firstDifference === undefined,
      cut: recording.cut,
      ...(firstDifference === undefined ? {} : { firstDifference: differenceOf(firstDifference) }),
    };
  } catch (error) {
    throw recordingError(file ?? "the running agent's recording", error);
  }
}

function differenceOf(
  difference: NonNullable<Replay["firstDifference"]>,
): NonNullable<ReplayView["firstDifference"]> {
  const { index, recorded, outputs, thrown } = difference;
  return {
    step: index,
    input: recorded.input.type,
    recorded: recorded.outputs === undefined ? ["threw"] : recorded.outputs.map(outputText),
    replayed: outputs === undefined ? [`threw: ${thrown ?? ""}`] : outputs.map(outputText),
  };
}

function outputText(output: Output): string {
  const text = JSON.stringify(output, (_key, value: unknown) =>
    value instanceof Uint8Array ? `${value.length} bytes` : value,
  );
  return fit(text, outputCharactersMax);
}

function replayLines(view: ReplayView): readonly string[] {
  const cut = view.cut ? "; the recording ends in the middle of a step" : "";
  const { firstDifference } = view;
  if (firstDifference === undefined) {
    return [`${count(view.stepsCount, "step")} of build ${view.build} run again: all equal${cut}`];
  }
  return [
    `step ${firstDifference.step} (${firstDifference.input}) of build ${view.build} differs${cut}`,
    ...firstDifference.recorded.flatMap((text) => labeled("recorded", text, 8)),
    ...firstDifference.replayed.flatMap((text) => labeled("replayed", text, 8)),
  ];
}

function recordingError(file: string, error: unknown): CliError {
  return new CliError({
    code: "recording",
    message: `${file} cannot be replayed`,
    cause: messageOf(error),
    next: "antibody replay --save FILE keeps a recording of the running agent",
    exit: exitCode.failed,
  });
}
