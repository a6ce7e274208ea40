/** Keys, places and errors of a state directory, apart from the rest of the body: small commands start fast. */
export { writeFileAtomic } from "./atomicFile.ts";
export { generateKey, keyFromSeed, type PrivateKey } from "./keyFile.ts";
export { nodeCrypto } from "./nodeCrypto.ts";
export { makeOwnDirectory, removeRuntimeFiles, type StatePaths, statePaths } from "./places.ts";
export { errnoOf, StateError, type StateErrorCode } from "./stateError.ts";
