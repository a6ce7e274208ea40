import type { ReplayedStep } from "@antibody/agent";
import { InvalidArgumentError } from "commander";

/** Where a replay stops. */
export type Breakpoint =
  /** A step that told an event of this name. */
  | { readonly type: "event"; readonly name: string }
  /** A step that was about a resource: what came in, or what came of it. */
  | { readonly type: "resource"; readonly resource: string }
  /** A step by its number, from 0. */
  | { readonly type: "number"; readonly number: number }
  /** A step with an input of this type. */
  | { readonly type: "input"; readonly input: string }
  /** The first step at least so long after the first one. */
  | { readonly type: "time"; readonly afterMs: number }
  /** The first step whose outputs are not the recorded ones. */
  | { readonly type: "difference" };

/** What can be written, for those who wrote something else. */
export const breakpointHelp =
  "Write event:NAME, resource:ID, input:NUMBER, input:TYPE, a time since the beginning such as 21.5s, or difference.";

/** Reads where to stop; undefined for what is none. */
export function parseBreakpoint(text: string): Breakpoint | undefined {
  const [, kind, rest = ""] = /^(event|resource|input):(.+)$/.exec(text) ?? [];
  if (kind === "event") return { type: "event", name: rest };
  if (kind === "resource") return { type: "resource", resource: rest };
  if (kind === "input")
    return /^\d{1,9}$/.test(rest) ? { type: "number", number: Number(rest) } : { type: "input", input: rest };
  if (text === "difference") return { type: "difference" };
  const [, number, unit] = /^\+?(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)$/.exec(text) ?? [];
  if (number === undefined) return undefined;
  const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[unit as "ms" | "s" | "m" | "h"];
  return { type: "time", afterMs: Number(number) * unitMs };
}

/** For commander. */
export function readBreakpoint(text: string): Breakpoint {
  const breakpoint = parseBreakpoint(text);
  if (breakpoint === undefined) throw new InvalidArgumentError(breakpointHelp);
  return breakpoint;
}

/** Whether a step is where to stop; `beginMs` is the monotonic time of the first step. */
export function stopsAt(breakpoint: Breakpoint, beginMs: number): (step: ReplayedStep) => boolean {
  switch (breakpoint.type) {
    case "event":
      return ({ outputs }) =>
        (outputs ?? []).some((output) => output.type === "tell" && output.event.name === breakpoint.name);
    case "resource":
      return (step) => isAbout(step, breakpoint.resource);
    case "number":
      return ({ index }) => index === breakpoint.number;
    case "input":
      return ({ recorded }) => recorded.input.type === breakpoint.input;
    case "time":
      return ({ recorded }) => recorded.now.monoMs - beginMs >= breakpoint.afterMs;
    case "difference":
      return ({ equal }) => !equal;
    default:
      return breakpoint satisfies never;
  }
}

function isAbout({ recorded, outputs }: ReplayedStep, resource: string): boolean {
  const { input } = recorded;
  if ("resource" in input && input.resource === resource) return true;
  return (outputs ?? []).some(
    (output) =>
      ("resource" in output && output.resource === resource) ||
      (output.type === "tell" && output.event.fields["resource"] === resource),
  );
}
