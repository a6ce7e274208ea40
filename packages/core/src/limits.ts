/** Bounds of everything that a mind keeps or takes, in one place. Each is a protection, not a target. */

/** Members of one swarm. From the design: a whole directory stays within a few megabytes. */
export const membersMax = 10_000;
/** Certificates from the founder to a member. Guess: invitations of invitations stay shallow. */
export const chainLengthMax = 8;
/** Bytes of a certificate chain as sent in hello. From the design. */
export const chainBytesMax = 4_096;
/** Whom one eviction may keep: with their ids it fits a statement. A guess: homes have fewer. */
export const evictionKeepsMax = 64;
/** Evictions held: of one agent, and in all. Guesses: several signers may evict one; a device is replaced now and then. */
export const evictionsPerAgentMax = 4;
export const evictionsMax = 4_096;
export const addressesMax = 8;
export const capabilitiesMax = 32;
/** Roles in which one device takes part. A guess: the rest of what it may announce is left to capabilities. */
export const rolesMax = 8;
export const nameBytesMax = 64;
/** Bytes of one message to a peer. gossipsub and Yamux lose or hoard larger ones silently (measured). */
export const messageBytesMax = 65_536;
/** Buckets of the directory's digests: at 10,000 members a difference costs 40 summaries instead of 2,500. */
export const directoryBucketCount = 256;
/** Members named in one summary or want, and carried in one items message. */
export const summaryMembersMax = 512;
export const itemsMembersMax = 16;
/** Ids of policy held by one agent. 64 streams of 256 fragments. */
export const policyIdsMax = 16_384;
/**
 * Of these, ids of authors without a grant, and the bytes of all of those: strangers' policy is relayed while there
 * is room, and never takes the room of an accepted author. Guesses: an eighth, and what a small board can spare.
 */
export const strangersIdsMax = 2_048;
export const strangersBytesMax = 16_777_216;
/** Of these, ids that only the roots of accepted authors may take: a revocation always finds room. A guess. */
export const rootIdsReserved = 256;
/** Bytes of the words of this device's owner, half of what is kept of them. A guess: a thousand authors. */
export const ownerWordsBytesMax = 524_288;
/** Manifests of one stream that are remembered after their time, to know a second body of their version. A guess. */
export const seenManifestsMax = 16;
/** Roots held of one author. A guess: one a week for five years. */
export const authorRootsMax = 256;
/** Streams whose newest version is told in one message: with all ids, they fit the largest one. */
export const headStreamsMax = 2_048;
/** Policy bytes held of one author without a grant, so that strangers' policy can be relayed but not hoarded. */
export const ungrantedBytesMax = 1_048_576;
/** Authors whose roots one member may introduce to an agent. */
export const rootsPerIntroducerMax = 64;
/** Promises in force on one device. */
export const promisesMax = 16_384;
/** Votes held while their quorum is open. A member's vote on one subject replaces its older one. */
export const pendingVotesMax = 4_096;
/** Sightings held, the newest of each observer on each subject. A guess: three of each of a thousand, and some. */
export const sightingsMax = 4_096;
/** Observers whose last word that somebody is there is remembered, against older ones that come late. A guess. */
export const retractorsMax = 256;
/** Probes on behalf of others that run at once. */
export const probesForOthersMax = 64;
/** Of these, dials where no session stands: each is a handshake. A guess. */
export const dialsForOthersMax = 2;
/** How far an incarnation may jump at once: larger ones are refused (a forged maximum would silence the subject). */
export const bootJumpMax = 1_000_000;
/** Repairs kept for each resource, for `why` and incidents. */
export const attemptsKeptMax = 10;
/** Names of missing peers in an incident. A guess: a line or two; more of them are a trouble of the network. */
export const glanceNamesMax = 16;
/** Incidents kept by one agent; the oldest goes first. */
export const incidentsKeptMax = 100;
/** Resources with a live watch; beyond it the sweep alone looks. Half of the usual inotify limit. */
export const watchesMax = 4_096;
/** Ids of policy that were refused and are not asked for again; the oldest is forgotten first. */
export const refusedIdsMax = 4_096;
/** Pauses of one device at once. A guess: whoever pauses more than this wants `pause` without a resource. */
export const pausesMax = 256;
/** The longest pause: whoever needs more withdraws the promise. A guess. */
export const pauseMsMax: number = 30 * 24 * 3_600_000;
/** Characters of the reason of a pause. A guess: a sentence. */
export const pauseReasonCharactersMax = 500;
/** Characters kept of what an attempt reported. A guess: the last lines of a program's output. */
export const attemptDetailCharactersMax = 2_048;
/** Backends of one route that the body is told of. A guess: nobody tries more peers for one call. */
export const routeBackendsMax = 32;
/**
 * Reports held on one generation, the smallest ids first. A guess: those that wait have said enough long before, and
 * a barrier of a thousand devices fits.
 */
export const reportsPerGenerationMax = 1_024;
/** Generations in stages that one agent looks after: two of each of 64 streams. */
export const stagesMax = 128;
