/** The body of an agent: what runs a mind on a real device, and how a state directory begins. */

export { readIncidentRecording, recordedIncidents } from "./agent/incidentRecordings.ts";
export { type JoinAgentOptions, type JoinedAgent, joinAgent } from "./agent/join.ts";
export type { OpenNetwork } from "./agent/networkOpening.ts";
export type { RunningAgent } from "./agent/runningAgent.ts";
export { type StartOptions, startAgent } from "./agent.ts";
export { readAudit } from "./audit/audit.ts";
export * from "./control/index.ts";
export { deliver } from "./handoff/deliver.ts";
export { testMessage } from "./handoff/message.ts";
export { Log, type LogEntry, standardOutput } from "./log/log.ts";
export {
  type RecordedStep,
  type Recording,
  type RecordingHeader,
  readRecording,
} from "./mind/recordingFormat.ts";
export { type Replay, replay } from "./mind/replay.ts";
export { type ReplayedStep, type ReplayOptions, ReplaySession } from "./mind/replaySession.ts";
export { Plugins } from "./plugins/plugins.ts";
export * from "./state/index.ts";
