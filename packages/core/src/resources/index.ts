import type { ResourceType } from "../contract/resource.ts";
import { capabilityType } from "./capability.ts";
import { commandType } from "./command.ts";
import { directoryType } from "./directory.ts";
import { fileType } from "./file.ts";
import { httpType } from "./http.ts";
import { processType } from "./process.ts";
import { roleType } from "./role.ts";
import { routeType } from "./route.ts";

/** Every resource type of this build, in the order of their kinds. */
export const resourceTypes: readonly ResourceType[] = [
  capabilityType,
  commandType,
  directoryType,
  fileType,
  httpType,
  processType,
  roleType,
  routeType,
];

export {
  type CapabilityObservation,
  type CapabilityPromise,
  readCapabilityPromise,
} from "./capability.ts";
export {
  type CommandObservation,
  type CommandPromise,
  type CommandVerb,
  outputCharactersMax,
  readCommandPromise,
} from "./command.ts";
export { keyedDigest } from "./digest.ts";
export {
  type DirectoryObservation,
  type DirectoryPromise,
  type DirectoryVerb,
  directoryModeDefault,
  readDirectoryPromise,
} from "./directory.ts";
export { durationMs, formatDuration, parseDuration } from "./duration.ts";
export {
  type FileObservation,
  type FilePromise,
  type FileVerb,
  fileModeDefault,
  readFilePromise,
} from "./file.ts";
export { type HttpObservation, type HttpPromise, httpTimeoutMsDefault, readHttpPromise } from "./http.ts";
export {
  commandBytes,
  type ProcessObservation,
  type ProcessPromise,
  type ProcessVerb,
  readProcessPromise,
  stopTimeoutMsDefault,
} from "./process.ts";
export {
  type RouteObservation,
  type RoutePromise,
  type RouteVerb,
  readListenAddress,
  readRoutePromise,
} from "./route.ts";
export { roleNameCharactersMax } from "./role.ts";
