import type { Violation } from "../invariants/truth.ts";
import type { Scenario } from "../scenarios/scenario.ts";

/** A run that fails, with all that it takes to see it again: what `antibody sim replay` plays. */
export interface SimBundle {
  readonly schema: "antibody.simBundle/1";
  /** The build that made it: another one may behave otherwise, and so have another hash. */
  readonly build: string;
  /** With every agent named: nothing in it is drawn. */
  readonly scenario: Scenario;
  readonly agents: number;
  readonly seed: number;
  /** Over every output of every agent. */
  readonly hash: string;
  readonly violation: Violation;
  /** What it was made from. */
  readonly shrunkFrom: {
    readonly scenario: string;
    readonly agents: number;
    readonly seed: number;
    readonly faultsCount: number;
  };
}

/** Reads a bundle from JSON. Throws, in words for people, when the text is none. */
export function readBundle(text: string): SimBundle {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null) throw new Error("it is no JSON object");
  const { schema, scenario, agents, seed, hash, violation } = value as Partial<SimBundle>;
  if (schema !== "antibody.simBundle/1") {
    throw new Error(`its schema is ${String(schema).slice(0, 80)}, not antibody.simBundle/1`);
  }
  const isWhole =
    Number.isSafeInteger(agents) &&
    Number.isSafeInteger(seed) &&
    typeof hash === "string" &&
    typeof violation?.invariant === "string" &&
    Array.isArray(scenario?.steps) &&
    Array.isArray(scenario.expectations) &&
    Number.isSafeInteger(scenario.durationMs);
  if (!isWhole) throw new Error("a part of it is missing, or of another kind");
  return value as SimBundle;
}
