/** What policy is, how it is encoded, signed, trusted and merged. Pure: the same on every machine. */
export {
  type BundleDocument,
  type CreateAuthorInput,
  type CreatedAuthor,
  createAuthor,
  type RotateAuthorInput,
  rotateAuthor,
  type SealBundleInput,
  type SealedBundle,
  sealBundle,
  sealDirective,
  sealHeartbeat,
  sealOwnerWord,
} from "./author.ts";
export {
  base32Decode,
  base32Encode,
  compareText,
  concatBytes,
  equalBytes,
  fromHex,
  toHex,
  utf8,
} from "./bytes.ts";
export { canonicalBytes, parseCanonical } from "./canonical.ts";
export type { Crypto, Signer } from "./crypto.ts";
export type { Directive } from "./directive.ts";
export { verifySignature } from "./ed25519.ts";
export {
  envelopeDigest,
  messageDigest,
  type OpenedEnvelope,
  openEnvelope,
  type PayloadName,
  type PayloadType,
  payloadType,
  preAuthenticationEncoding,
  sealEnvelope,
  signAlso,
  signedBy,
} from "./envelope.ts";
export type { Envelope, EnvelopeSignature } from "./envelopeBytes.ts";
export { type Fragment, promisesOf, type ResourcePromise } from "./fragment.ts";
export { isGlob, matchesAnyGlob, matchesGlob } from "./glob.ts";
export { type Grant, type Mode, modes, type Power, parseMode, parsePower, powers } from "./grant.ts";
export { whereItHolds } from "./guard/constancy.ts";
export type { Contexts, ContextValue } from "./guard/contexts.ts";
export { compileGuard, evaluateGuard, type Guard, type GuardRejection } from "./guard/guard.ts";
export type { Heartbeat } from "./heartbeat.ts";
export {
  type AgentId,
  type AuthorId,
  type FragmentId,
  type IdKind,
  type IdMatch,
  type IdOf,
  type IncidentId,
  idDigest,
  makeId,
  matchIdPrefix,
  parseId,
  parseStreamName,
  type StreamName,
  type SwarmId,
  shortId,
} from "./ids.ts";
export { isPlainObject, type Json, type JsonObject } from "./json.ts";
export * from "./limits.ts";
export type { Manifest } from "./manifest.ts";
export { type OwnerGrant, type OwnerStand, type OwnerWord, ownerStands, ownersWord } from "./owner.ts";
export { type PlanRolloutInput, planRollout } from "./planRollout.ts";
export { isRejection, type Rejection, type RejectionReason, reject } from "./rejection.ts";
export { type Report, type ReportingMember, sealReport } from "./report.ts";
export { parseResourceId, type ResourceId, type ResourceIdParts } from "./resourceId.ts";
export { keysDigest, type Root } from "./root.ts";
export { followRoots, type NamedRoot, type RootsState } from "./rootTree.ts";
export { checkSignatures } from "./signatures.ts";
export { sourceBuilder } from "./source/builder.ts";
export { compileSource } from "./source/compile.ts";
export { readData, type SourceData, writeData } from "./source/data.ts";
export { sourceSchema } from "./source/schema.ts";
export type {
  CheckDocuments,
  CheckPromise,
  CompiledSource,
  DocumentsProblem,
  Problem,
  PromiseProblem,
  SourceDocument,
} from "./source/types.ts";
export { type Barrier, type Rollout, type Staging, type Wave, waveOf } from "./staging.ts";
export {
  rootDigest,
  type Trust,
  type VerifiedDirective,
  type VerifiedDocument,
  type VerifiedFragment,
  type VerifiedHeartbeat,
  type VerifiedManifest,
  type VerifiedOwnerWord,
  type VerifiedPolicy,
  type VerifiedReport,
  type VerifiedRoot,
  verifyPolicy,
} from "./verify.ts";
export {
  belowFloor,
  compareVersions,
  type Floors,
  raiseFloor,
  type StreamKey,
  streamKey,
  type Version,
} from "./version.ts";
export { refusalOf } from "./view/claim.ts";
export type {
  ClaimRules,
  Dispute,
  Disputes,
  DormantFragment,
  HeldClaim,
  HeldReason,
  PromiseInForce,
  Requires,
  StageGate,
  Stale,
  StreamState,
  View,
  ViewInput,
} from "./view/types.ts";
export { view } from "./view/view.ts";
