/**
 * One signed envelope of policy. 64 KiB is where gossip is capped: libp2p's write buffers are unbounded, and
 * beyond 4 MiB a message reached nobody and no error was told (measured).
 */
export const fragmentBytesMax: number = 64 * 1024;

/** What an envelope adds around the body of a fragment, at most: payload type, hints, signatures, ids. */
export const envelopeOverheadBytesMax: number = 2048;

/** Fragments of one bundle (design). Their ids fill a manifest of 17 kB. */
export const bundleFragmentsMax = 256;

/** Promises in one fragment. A guess: 64 KiB hold no more than this many useful ones. */
export const fragmentPromisesMax = 1024;

/** Streams of one author that a device follows. A guess: an author separates concerns, not devices. */
export const authorStreamsMax = 64;

/** What one author may keep on a device where the grant names no other number: 4 MiB. A guess. */
export const authorBytesMaxDefault: number = 4 * 1024 * 1024;

/** Keys of one root. A guess: thresholds of people, not of machines. */
export const rootKeysMax = 16;

/** Digests that a root declares valid beyond their epoch. So many fill half of an envelope. */
export const rootCarryMax = 512;

/** Globs in one scope, of a root or a grant. A guess. */
export const scopeGlobsMax = 64;

/** One glob. A guess, above the longest path that one would write. */
export const globCharactersMax = 256;

/** One resource id. Above the 255 bytes of a file name; below PATH_MAX on purpose, ids are shown to people. */
export const resourceIdCharactersMax = 512;

/** Signatures on one envelope: a root N+1 has those of the thresholds of two roots. */
export const envelopeSignaturesMax: number = 2 * rootKeysMax;

/** Nesting of a JSON value. A guess: promises nest three or four deep; recursion must end long before the stack. */
export const jsonDepthMax = 32;

/** The text of one guard. A guess, several times the longest one that a person could follow. */
export const guardCharactersMax = 1024;

/** Nodes in the syntax tree of one guard. A guess, as above. */
export const guardNodesMax = 128;

/** Nesting of one guard. A guess, as above. */
export const guardDepthMax = 16;

/** Text of a manifest's note to people. A guess: a commit message's first paragraph. */
export const noteCharactersMax = 500;

/** One policy file on the author's machine: more than a full bundle would be unreadable. A guess. */
export const sourceCharactersMax: number = 4 * 1024 * 1024;

/** Problems told about one source; after so many, the first ones matter. A guess. */
export const sourceProblemsMax = 50;

/** Waves of one rollout. A guess: more than anybody would watch. */
export const rolloutWavesMax = 20;

/** The salt of a rollout in hexadecimal: up to 32 bytes. */
export const saltCharactersMax = 64;

/** How many members a wave or a barrier may ask for: a swarm has no more. */
export const swarmReportersMax = 10_000;

/** The longest time of a stage: a week. A guess: who waits longer looks after it. */
export const stageMsMax: number = 7 * 24 * 3_600_000;

/** Characters of what a report or an author's word on a rollout says to people. A guess: two lines. */
export const stageDetailCharactersMax = 200;
