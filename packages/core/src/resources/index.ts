import type { ResourceType } from "../contract/resource.ts";
import { capabilityType } from "./capability.ts";
import { commandType } from "./command.ts";
import { directoryType } from "./directory.ts";
import { diskType } from "./disk.ts";
import { fileType } from "./file.ts";
import { httpType } from "./http.ts";
import { keyType } from "./key.ts";
import { lineType } from "./line.ts";
import { memoryType } from "./memory.ts";
import { packageType } from "./package.ts";
import { pluginType } from "./plugin.ts";
import { portType } from "./port.ts";
import { probeType } from "./probe.ts";
import { processType } from "./process.ts";
import { roleType } from "./role.ts";
import { routeType } from "./route.ts";
import { serviceType } from "./service.ts";
import { symlinkType } from "./symlink.ts";
import { tcpType } from "./tcp.ts";

/** Every resource type of this build, in the order of their kinds. */
export const resourceTypes: readonly ResourceType[] = [
  capabilityType,
  commandType,
  directoryType,
  diskType,
  fileType,
  httpType,
  keyType,
  lineType,
  memoryType,
  packageType,
  pluginType,
  portType,
  probeType,
  processType,
  roleType,
  routeType,
  serviceType,
  symlinkType,
  tcpType,
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
export { type DiskObservation, type DiskPromise, readDiskPromise } from "./disk.ts";
export { durationMs, formatDuration, parseDuration } from "./duration.ts";
export { type EditName, type EditObservation, type EditVerb, readEditName } from "./edit.ts";
export {
  type FileObservation,
  type FilePromise,
  type FileVerb,
  fileModeDefault,
  readFilePromise,
} from "./file.ts";
export { type HttpObservation, type HttpPromise, httpTimeoutMsDefault, readHttpPromise } from "./http.ts";
export { type KeyPromise, keySeparatorDefault, readKeyPromise } from "./key.ts";
export { type LinePromise, readLinePromise } from "./line.ts";
export { type MemoryObservation, type MemoryPromise, readMemoryPromise } from "./memory.ts";
export {
  type PackageObservation,
  type PackagePromise,
  type PackageVerb,
  readPackagePromise,
} from "./package.ts";
export {
  type PluginObservation,
  type PluginPromise,
  type PluginVerb,
  pluginAttributeCharactersMax,
  pluginAttributesMax,
  pluginLineCharactersMax,
  pluginTimeoutMsDefault,
  readPluginName,
  readPluginPromise,
} from "./plugin.ts";
export { type PortObservation, type PortPromise, portAddressesMax, readPortPromise } from "./port.ts";
export { type ProbeObservation, type ProbePromise, readProbePromise } from "./probe.ts";
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
export {
  readServicePromise,
  type ServiceManager,
  type ServiceObservation,
  type ServicePromise,
  type ServiceVerb,
} from "./service.ts";
export {
  readSymlinkPromise,
  type SymlinkObservation,
  type SymlinkPromise,
  type SymlinkVerb,
} from "./symlink.ts";
export { readTcpPromise, type TcpObservation, type TcpPromise, tcpTimeoutMsDefault } from "./tcp.ts";
