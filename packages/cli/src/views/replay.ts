import type { Recording, ReplayedStep, ReplaySession } from "@antibody/agent";
import { formatDuration, type Output } from "@antibody/core";
import { fit, labeled } from "../text/table.ts";
import { wallTime } from "../text/times.ts";
import { timeField } from "./resource.ts";
import { type StatusView, statusLines, statusView } from "./status.ts";
import { type WhyView, whyLines, whyView } from "./why.ts";
import { count } from "./words.ts";

/** What `replay` tells, as `--json` prints it. */
export interface ReplayView {
  readonly schema: "antibody.replay/1";
  /** Absent: the recording of the running agent, or of an incident. */
  readonly file?: string;
  readonly incident?: string;
  /** The build that recorded. */
  readonly build: string;
  /** Steps that were run. */
  readonly stepsCount: number;
  /** Every output of them was the same. */
  readonly equal: boolean;
  /** The recording ends in the middle: the agent was killed. */
  readonly cut: boolean;
  /** False when where it was to stop never came. */
  readonly reached: boolean;
  readonly firstDifference?: {
    /** From 0. */
    readonly step: number;
    readonly input: string;
    /** Outputs as short texts; what the mind threw, where it did. */
    readonly recorded: readonly string[];
    readonly replayed: readonly string[];
  };
  /** Where it stopped, where it was to stop. */
  readonly at?: MomentView;
}

/** One place of a recording. */
export interface MomentView {
  /** The step that led here, from 0; absent at the beginning. */
  readonly step?: number;
  readonly stepsCount: number;
  readonly time?: string;
  /** Since the first step. */
  readonly afterMs: number;
  readonly input?: string;
  readonly outputs: readonly string[];
  readonly equal: boolean;
  /** The mind there, as `status` tells it. */
  readonly state: Omit<StatusView, "schema">;
  readonly why?: Omit<WhyView, "schema">;
}

/** Characters of one input or output. Guess: enough to see which it is. */
const textCharactersMax = 200;

/** The recording as a whole, up to where the session came. */
export function replayView(given: {
  readonly recording: Recording;
  readonly stepsCount: number;
  readonly firstDifference: ReplayedStep | undefined;
  readonly source: Pick<ReplayView, "file" | "incident">;
  readonly reached: boolean;
  readonly at: MomentView | undefined;
}): ReplayView {
  const { recording, stepsCount, firstDifference, source, reached, at } = given;
  return {
    schema: "antibody.replay/1",
    ...source,
    build: recording.header.build,
    stepsCount,
    equal: firstDifference === undefined,
    cut: recording.cut,
    reached,
    ...(firstDifference === undefined ? {} : { firstDifference: differenceOf(firstDifference) }),
    ...(at === undefined ? {} : { at }),
  };
}

/** Where a session is; with the page of `why` for one resource where that is asked for. */
export function momentView(session: ReplaySession, self: string, resource: string | undefined): MomentView {
  const { last, now, recording } = session;
  const inspection = session.inspect();
  const { schema: _status, ...state } = statusView(inspection, self);
  const beginMs = recording.steps[0]?.now.monoMs ?? now.monoMs;
  return {
    ...(last === undefined ? {} : { step: last.index }),
    stepsCount: recording.steps.length,
    ...timeField("time", wallTime(now.wallMs)),
    afterMs: now.monoMs - beginMs,
    ...(last === undefined ? {} : { input: shortText(last.recorded.input) }),
    outputs: last === undefined ? [] : replayedTexts(last),
    equal: last?.equal ?? true,
    state,
    ...(resource === undefined ? {} : { why: withoutSchema(whyView(inspection, resource, self)) }),
  };
}

function withoutSchema({ schema: _why, ...why }: WhyView): Omit<WhyView, "schema"> {
  return why;
}

function differenceOf(difference: ReplayedStep): NonNullable<ReplayView["firstDifference"]> {
  const { index, recorded } = difference;
  return {
    step: index,
    input: recorded.input.type,
    recorded: recorded.outputs === undefined ? ["threw"] : recorded.outputs.map(shortText),
    replayed: replayedTexts(difference),
  };
}

function replayedTexts({ outputs, thrown }: ReplayedStep): readonly string[] {
  return outputs === undefined ? [`threw: ${thrown ?? ""}`] : outputs.map(shortText);
}

function shortText(value: ReplayedStep["recorded"]["input"] | Output): string {
  return fit(fullText(value), textCharactersMax);
}

/** An input or an output in full, but for bytes. */
export function fullText(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    each instanceof Uint8Array ? `${each.length} bytes` : each,
  );
}

/** The lines of a whole replay. */
export function replayLines(view: ReplayView): readonly string[] {
  const cut = view.cut ? "; the recording ends in the middle of a step" : "";
  const { firstDifference, at } = view;
  const head =
    firstDifference === undefined
      ? [`${count(view.stepsCount, "step")} of build ${view.build} run again: all equal${cut}`]
      : [
          `step ${firstDifference.step} (${firstDifference.input}) of build ${view.build} differs${cut}`,
          ...firstDifference.recorded.flatMap((text) => labeled("recorded", text, 8)),
          ...firstDifference.replayed.flatMap((text) => labeled("replayed", text, 8)),
        ];
  return [
    ...head,
    ...(view.reached ? [] : ["where it was to stop never came"]),
    ...(at === undefined ? [] : ["", ...momentLines(at), "", ...stateLines(at)]),
  ];
}

/** What happened in the step that led here. */
export function momentLines(at: MomentView): readonly string[] {
  const place = at.step === undefined ? "the beginning" : `step ${at.step}`;
  return [
    ...labeled("at", `${place} of ${at.stepsCount}, ${at.time ?? ""}, ${formatDuration(at.afterMs)} in`, 8),
    ...(at.input === undefined ? [] : labeled("input", at.input, 8)),
    ...at.outputs.flatMap((output, index) => labeled(index === 0 ? "outputs" : "", output, 8)),
    ...(at.equal ? [] : labeled("differs", "these are not the outputs that were recorded", 8)),
  ];
}

/** The mind there, as `status` shows it, and the page of `why` where that was asked for. */
export function stateLines({ state, why }: MomentView): readonly string[] {
  const lines = statusLines({ schema: "antibody.status/1", ...state }, false);
  const shown = lines.filter((line) => !line.startsWith("next: "));
  return why === undefined ? shown : whyLines({ schema: "antibody.why/1", ...why });
}
