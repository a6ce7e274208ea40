import type { ReplaySession } from "@antibody/agent";
import { CliError } from "../errors.ts";
import { findResource } from "../find.ts";
import type { Terminal } from "../terminal.ts";
import { printable } from "../text/printable.ts";
import { fullText, momentLines, momentView, stateLines } from "../views/replay.ts";
import { breakpointHelp, parseBreakpoint, stopsAt } from "./breakpoint.ts";

const helpLines: readonly string[] = [
  "n [COUNT]   next: steps forward          b [COUNT]   back",
  "u MOMENT    until: forward to            ru MOMENT   back to",
  "g NUMBER    go to after that step        e           to the end; 0 steps: g -1",
  "s           the state here               w RESOURCE  why it is as it is here",
  "i           input and outputs in full    q           quit",
  `MOMENT: ${breakpointHelp}`,
  "An empty line does the last one again.",
];

/** Steps through a recording with a person at a terminal, until they quit. Lines only: it works on any terminal. */
export async function stepByHand(session: ReplaySession, terminal: Terminal, self: string): Promise<void> {
  const say = (lines: readonly string[]): void => {
    for (const line of lines) terminal.out(`${printable(line)}\n`);
  };
  say(momentLines(momentView(session, self, undefined)));
  say(["? lists what can be typed"]);
  let last = "n";
  for (;;) {
    const typed = await terminal.askLine(`${session.position}/${session.length}> `);
    if (typed === undefined) return;
    const line = typed.trim() === "" ? last : typed.trim();
    if (line === "q") return;
    last = line;
    say(obey(session, line, self));
  }
}

function obey(session: ReplaySession, line: string, self: string): readonly string[] {
  const [verb = "", rest = ""] = line.split(/\s+(.*)/s);
  const here = (): readonly string[] => momentLines(momentView(session, self, undefined));
  const number = /^-?\d{1,9}$/.test(rest) ? Number(rest) : undefined;
  switch (verb) {
    case "n":
      session.goTo(session.position + (number ?? 1));
      return here();
    case "b":
      session.goTo(session.position - (number ?? 1));
      return here();
    case "g":
      if (number === undefined) return ["g needs the number of a step"];
      session.goTo(number + 1);
      return here();
    case "e":
      session.goTo(session.length);
      return here();
    case "u":
    case "ru":
      return [...seek(session, verb, rest), ...here()];
    case "s":
      return stateLines(momentView(session, self, undefined));
    case "w":
      return whyHere(session, rest, self);
    case "i":
      return inFull(session);
    default:
      return helpLines;
  }
}

function seek(session: ReplaySession, verb: "u" | "ru", text: string): readonly string[] {
  const breakpoint = parseBreakpoint(text);
  if (breakpoint === undefined) return [breakpointHelp];
  const isIt = stopsAt(breakpoint, session.recording.steps[0]?.now.monoMs ?? 0);
  const found = verb === "u" ? session.forwardTo(isIt) : session.backTo(isIt);
  if (found) return [];
  return [verb === "u" ? "it does not come: this is the end" : "it did not come before"];
}

function whyHere(session: ReplaySession, text: string, self: string): readonly string[] {
  try {
    const resource = findResource(session.inspect(), text, self);
    return stateLines(momentView(session, self, resource));
  } catch (error) {
    if (error instanceof CliError) return [`${error.message}: ${error.why}`];
    throw error;
  }
}

function inFull({ last }: ReplaySession): readonly string[] {
  if (last === undefined) return ["nothing has come in yet"];
  const { recorded, outputs } = last;
  return [fullText(recorded.input), ...(outputs ?? []).map((output) => `  ${fullText(output)}`)];
}
