import type { ResourceType } from "../contract/resource.ts";
import { agentType } from "./agent.ts";
import { capabilityType } from "./capability.ts";
import { clockType } from "./clock.ts";
import { commandType } from "./command.ts";
import { containerType } from "./container.ts";
import { directoryType } from "./directory.ts";
import { diskType } from "./disk.ts";
import { fileType } from "./file.ts";
import { foreignType } from "./foreign.ts";
import { httpType } from "./http.ts";
import { keyType } from "./key.ts";
import { lineType } from "./line.ts";
import { memoryType } from "./memory.ts";
import { mountType } from "./mount.ts";
import { packageType } from "./package.ts";
import { pluginType } from "./plugin.ts";
import { portType } from "./port.ts";
import { probeType } from "./probe.ts";
import { processType } from "./process.ts";
import { roleType } from "./role.ts";
import { routeType } from "./route.ts";
import { serviceType } from "./service.ts";
import { sshkeyType } from "./sshkey.ts";
import { symlinkType } from "./symlink.ts";
import { sysctlType } from "./sysctl.ts";
import { tcpType } from "./tcp.ts";
import { timerType } from "./timer.ts";
import { userType } from "./user.ts";

/** Every resource type of this build, in the order of their kinds. */
export const resourceTypes: readonly ResourceType[] = [
  agentType,
  capabilityType,
  clockType,
  commandType,
  containerType,
  directoryType,
  diskType,
  fileType,
  foreignType,
  httpType,
  keyType,
  lineType,
  memoryType,
  mountType,
  packageType,
  pluginType,
  portType,
  probeType,
  processType,
  roleType,
  routeType,
  serviceType,
  sshkeyType,
  symlinkType,
  sysctlType,
  tcpType,
  timerType,
  userType,
];

export type { AgentObservation, AgentPromise } from "./agent.ts";
export {
  type CapabilityObservation,
  type CapabilityPromise,
  readCapabilityPromise,
} from "./capability.ts";
export type { ClockObservation, ClockPromise } from "./clock.ts";
export {
  type CommandObservation,
  type CommandPromise,
  type CommandVerb,
  readCommandPromise,
} from "./command.ts";
export { type Claimant, findConflicts } from "./conflicts.ts";
export {
  type ContainerObservation,
  type ContainerPromise,
  type ContainerVerb,
  containerBytes,
  containerStopTimeoutMsDefault,
  readContainerPromise,
} from "./container.ts";
export {
  type DirectoryObservation,
  type DirectoryPromise,
  type DirectoryVerb,
  directoryModeDefault,
  readDirectoryPromise,
} from "./directory.ts";
export { type DiskObservation, type DiskPromise, readDiskPromise } from "./disk.ts";
export {
  type FileObservation,
  type FilePromise,
  type FileVerb,
  fileModeDefault,
  readFilePromise,
} from "./file.ts";
export {
  type ForeignObservation,
  type ForeignPromise,
  type ForeignVerb,
  foreignPidsMax,
  foreignStopTimeoutMsDefault,
  readForeignPromise,
} from "./foreign.ts";
export { type HttpObservation, type HttpPromise, httpTimeoutMsDefault, readHttpPromise } from "./http.ts";
export { type KeyPromise, keySeparatorDefault, readKeyPromise } from "./key.ts";
export { type LinePromise, readLinePromise } from "./line.ts";
export { type MemoryObservation, type MemoryPromise, readMemoryPromise } from "./memory.ts";
export { type MountObservation, type MountPromise, type MountVerb, readMountPromise } from "./mount.ts";
export {
  type PackageObservation,
  type PackagePromise,
  type PackageVerb,
  readPackagePromise,
} from "./package.ts";
export { KeyedContext, keyedDigest } from "./parts/digest.ts";
export { durationMs, formatDuration, parseDuration } from "./parts/duration.ts";
export { type EditName, type EditObservation, type EditVerb, readEditName } from "./parts/edit.ts";
export { outputCharactersMax } from "./parts/output.ts";
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
  type ProcessExit,
  type ProcessObservation,
  type ProcessPromise,
  type ProcessVerb,
  readProcessPromise,
  stopTimeoutMsDefault,
} from "./process.ts";
export { roleNameCharactersMax } from "./role.ts";
export {
  type ListenAddress,
  type RouteObservation,
  type RoutePromise,
  type RouteProtocol,
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
  readSshkeyName,
  readSshkeyPromise,
  type SshkeyObservation,
  type SshkeyPromise,
  type SshkeyVerb,
} from "./sshkey.ts";
export {
  readSymlinkPromise,
  type SymlinkObservation,
  type SymlinkPromise,
  type SymlinkVerb,
} from "./symlink.ts";
export {
  readSysctlPromise,
  type SysctlObservation,
  type SysctlPromise,
  type SysctlVerb,
  sysctlFile,
  sysctlPath,
  sysctlText,
  sysctlValue,
} from "./sysctl.ts";
export { readTcpPromise, type TcpObservation, type TcpPromise, tcpTimeoutMsDefault } from "./tcp.ts";
export {
  readTimerPromise,
  type TimerObservation,
  type TimerPromise,
  type TimerVerb,
  timerDueMs,
} from "./timer.ts";
export {
  missingGroups,
  readUserPromise,
  type UserObservation,
  type UserPromise,
  type UserVerb,
} from "./user.ts";
