/** Worlds of minds without bodies: the core of the device, in virtual time, from a seed. */
export { auditedAgentsMax } from "./auditing.ts";
export { fuzzName, fuzzScenario } from "./fuzzing/fuzz.ts";
export { type RoleRun, type RoleSchedule, runRole } from "./fuzzing/roleRun.ts";
export type { Violation } from "./invariants/truth.ts";
export type { LinkModel } from "./network/links.ts";
export { isOfHolding } from "./recording/milestones.ts";
export { renderReport } from "./recording/page.ts";
export { Recorder } from "./recording/recorder.ts";
export { type AgentThere, type Replayed, replay, type ToldEvent, type Until } from "./replaying/replay.ts";
export type { Progress, SimCounters, SimReport } from "./report.ts";
export { type RunOptions, runScenario, threadsOf } from "./run.ts";
export { readScenario, scenarioData, scenarioSchema, writeScenario } from "./scenarios/file.ts";
export { listScenarios } from "./scenarios/index.ts";
export type {
  DeviceKind,
  Expectation,
  Scenario,
  ScenarioBundle,
  ScenarioDocument,
} from "./scenarios/scenario.ts";
export type { Deed, Habit, Selection, Step } from "./scenarios/step.ts";
export { readBundle, type SimBundle } from "./shrinking/bundle.ts";
export { type ShrinkProgress, type Shrunk, shrink } from "./shrinking/shrink.ts";
export type { SeedResult } from "./sweeping/job.ts";
export { WorkerPool } from "./sweeping/pool.ts";
export { type SweepProgress, sweep } from "./sweeping/sweep.ts";
export { serveJobs } from "./sweeping/worker.ts";
export { sharesMax } from "./threads/share.ts";
export { serveShare } from "./threads/thread.ts";
export type { StartThread } from "./threads/threads.ts";
