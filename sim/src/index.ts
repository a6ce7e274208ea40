/** Worlds of minds without bodies: the core of the device, in virtual time, from a seed. */
export type { Violation } from "./invariants/truth.ts";
export type { LinkModel } from "./network/links.ts";
export type { Progress, SimCounters, SimReport } from "./report.ts";
export { type RunOptions, runScenario } from "./run.ts";
export { listScenarios } from "./scenarios/index.ts";
export type {
  Expectation,
  Scenario,
  ScenarioBundle,
  ScenarioDocument,
} from "./scenarios/scenario.ts";
export type { Deed, Habit, Selection, Step } from "./scenarios/step.ts";
