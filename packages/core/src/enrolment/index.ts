/** Who belongs to a swarm, and what its members state: sealing and verifying. Brands are made here alone. */
export { agentIdOf, sealCertificate, verifyChain } from "./certificate.ts";
export { sealCharter, type VerifiedCharter, verifyCharter } from "./charter.ts";
export { addressCharactersMax, capabilityCharactersMax, sealEntry, verifyEntry } from "./entry.ts";
export {
  type EvictionWire,
  evictionReasonBytesMax,
  readEvictionRecord,
  sealEviction,
  verifyEviction,
} from "./eviction.ts";
export { compareIncarnation, incarnationText, isJumpTooLarge } from "./incarnation.ts";
export { type MemberWire, memberRecord, memberWire, readMemberRecord, verifyMember } from "./member.ts";
export { isPlainText } from "./shape.ts";
export { type SigningMember, signStatement } from "./signing.ts";
export { statementBytesMax } from "./statement.ts";
export {
  type DeathWire,
  deathVotesMax,
  sealSighting,
  sealVote,
  verifyDeath,
  verifySighting,
  verifyVote,
} from "./vote.ts";
