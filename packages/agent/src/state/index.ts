/** Keys, places and errors of a state directory, apart from the rest of the body: small commands start fast. */
export {
  type HandoffConfig,
  type HandoffTarget,
  readHandoffConfig,
  shownTarget,
  writeHandoffConfig,
} from "../handoff/config.ts";
export { type PluginRegistry, readPlugins, writePlugins } from "../plugins/registry.ts";
export {
  type EmptyState,
  type FoundedSwarm,
  holdEmptyState,
  type InitOptions,
  initSwarm,
  type Joined,
} from "./agentState.ts";
export { writeFileAtomic } from "./atomicFile.ts";
export { generateKey, keyFromSeed, type PrivateKey, readKeyFile, writeKeyFile } from "./keyFile.ts";
export { lastHolder } from "./lock.ts";
export { removeRuntimeFiles, shmDirectory } from "./memoryDirectory.ts";
export { nodeCrypto } from "./nodeCrypto.ts";
export { holdsAgent, makeOwnDirectory, type StatePaths, statePaths } from "./places.ts";
export { errnoOf, StateError, type StateErrorCode } from "./stateError.ts";
