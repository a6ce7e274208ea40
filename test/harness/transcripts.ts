import { runCommand } from "../../packages/cli/src/demo/command.ts";
import { launcher, type TestColony } from "./colonies.ts";

/** What a person typed, and what came of it. */
export interface Typed {
  readonly code: number;
  readonly text: string;
}

/** Types commands at one agent as a person would, and keeps what the terminal showed. */
export class Transcript {
  readonly #colony: TestColony;
  readonly #name: string;
  readonly shown: string[] = [];

  constructor(colony: TestColony, name: string) {
    this.#colony = colony;
    this.#name = name;
  }

  /** Runs one command; its output as it was shown, without the state directory that only tests have to name. */
  async type(...args: readonly string[]): Promise<Typed> {
    const state = this.#colony.colony.stateOf(this.#name);
    const { code, stdout, stderr } = await runCommand(
      launcher,
      ["--state", state, ...args],
      this.#colony.signal,
    );
    const text = (stdout + stderr).replaceAll(` --state ${state}`, "");
    const words = args.map((word) => (/^[\w@%+=:,./*-]+$/.test(word) ? word : `"${word}"`));
    this.shown.push(`$ antibody ${words.join(" ")}\n${text}`);
    return { code, text };
  }
}

/**
 * A transcript without what differs between two runs: ids, times and ages, pids, counts, how lines were broken and
 * cells cut for them, and how many attempts are listed.
 */
export function withoutChance(text: string): string {
  return text
    .replace(/(?<= {2})(?:\S| (?=\S))*…/g, "CUT")
    .replace(/\b(agent|swarm|author|frag|incident)_[a-z2-7]{6,52}/g, "$1_ID")
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
    .replace(/\b(?:in |)\d+(?:\.\d+)?(?:ms|s|m|h|d)(?: ago)?\b|\bnow\b/g, "AGE")
    .replace(/\b(pid|uid) \d+/g, "$1 N")
    .replace(/\b\d+-\d+\b/g, "ACTION")
    .replace(/\d+/g, "N")
    .replace(/\s+/g, " ")
    .replace(/(?: AGE, \w+ took AGE, .*?(?= AGE, | incident | next ))+/g, " ATTEMPTS");
}
