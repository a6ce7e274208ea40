/** The control sockets and their client, apart from the rest of the body: commands that only ask start fast. */

export type { AuditLine } from "../audit/audit.ts";
export { withDeadline } from "../deadline.ts";
export type {
  AgentInspection,
  CommandRefusal,
  CommandReply,
  InviteCode,
  LogLine,
  Trouble,
} from "../ports.ts";
export {
  type ControlClient,
  ControlError,
  type ControlErrorCode,
  controlClient,
  type OfferReply,
} from "./client.ts";
export { exposition, type MetricFamily } from "./exposition.ts";
export { inviteMsMax } from "./limits.ts";
export {
  type ControlPaths,
  controlPaths,
  defaultStateDirectory,
  type Environment,
  runtimeDirectory,
} from "./paths.ts";
export { type ControlOptions, type ControlServer, startControl } from "./server.ts";
