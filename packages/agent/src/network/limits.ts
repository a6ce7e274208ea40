import { chainBytesMax, messageBytesMax, statementBytesMax } from "@antibody/core";

/** Bounds and times of the network body, in one place. Each is a protection, not a target. */

/** Version of everything that this body puts on the wire. */
export const wireVersion = 1;

/**
 * Connections of one agent. At most 12 peers in a full mesh, 10 observers above; twice that for the moment in
 * which both sides have dialed at once, and room for fresh probes, strangers and a crowd that comes back after a partition. A guess.
 */
export const connectionsMax = 256;
/**
 * Inbound connections that are still shaking hands, of all hosts and of one. libp2p's 10 let 35 of 40 simultaneous
 * dials fail (measured); with one bound for all, one host that trickles kept every other out (test/trickle.test.ts).
 */
export const inboundPendingMax = 192;
export const inboundPendingPerHostMax = 48;
/** Connections of one host that have shaken hands and said no hello yet. As many as may shake hands. */
export const strangersPerHostMax = 48;
/** Inbound connections a second from one address. libp2p's 5 are too few for one host's agents, or behind NAT. */
export const inboundPerSecondMax = 64;
/**
 * Refused connections of hosts that have sent garbage are kept open for so long, so many of one host and of all: who
 * sent garbage on 40 connections, and again whenever one was closed, had 12% of a core, nearly all of it for refusing.
 * Guesses: by 40 connections that is 40 a second now.
 */
export const heldMs = 1_000;
export const heldPerHostMax = 64;
export const heldMax = 256;
/** Hosts that garbage came from, and for how long that is remembered. Guesses. */
export const garbageHostsMax = 1_024;
export const garbageRememberedMs = 10_000;
/** Dials that run at once. A guess: a full mesh forms at once, and a storm of redials stays bounded. */
export const dialsMax = 64;
/**
 * Handshakes that go on behind the result of their dial, for so long each: the peer accepted and may only be busy.
 * Guesses: as many as a full mesh has peers, and above the slowest handshake of agents that all start at once.
 */
export const lateHandshakesMax = 32;
export const lateHandshakeMs = 4_000;
/** How long an agent that ends waits for peers to finish what they have open to its services. A guess: a slow answer. */
export const routeDrainMs = 3_000;
/** Streams that a peer may hold open to us on one connection: routes, and a handful of ours. */
export const inboundStreamsMax = 320;
/** Yamux window of one stream, also its largest: unread bytes of one stream stay below it. The protocol's minimum. */
export const streamWindowBytes: number = 256 * 1024;
/** Unread bytes after which a paused stream is reset: twice the window, so that an honest peer never meets it. */
export const streamReadBytesMax: number = 2 * streamWindowBytes;

/** Bytes of one hello: the chain, an entry with all its addresses and capabilities, and the frame. */
export const helloBytesMax: number = chainBytesMax + statementBytesMax + 512;
/** A connection that has not said hello (or asked to join) by then is hung up. From the design. */
export const helloTimeoutMs = 2_000;
/**
 * Hellos verified a second, and at once, of one host and of all: each costs up to a millisecond of signatures. A
 * stranger on one host must not keep members of others out. Guesses.
 */
export const hellosPerSecond = 50;
export const hellosBurst = 200;
export const hellosTotalPerSecond = 200;
export const hellosTotalBurst = 800;
export const helloHostsMax = 1_024;
/** An agent that was just started has not signed its own entry yet; hello looks for it this often. */
export const ownEntryPollMs = 10;
/**
 * A hello says that the peer has no session with us: connections of that peer older than this are dead at its end.
 * Younger ones may come from both sides dialing at once. A guess, above the slowest handshake on a Pi.
 */
export const staleConnectionAfterMs = 5_000;

/**
 * How long after both ends have dialed each other one of the two connections is closed. A guess: both have moved what
 * they say to the other one, and it is long before the first heartbeat of gossip finds a stream missing.
 */
export const crossedLookMs = 500;

/** Bytes of one frame on a message stream: gossipsub and Yamux lose or hoard larger ones silently (measured). */
export const frameBytesMax: number = messageBytesMax;
/** Bytes of one message that came in several frames: the heads of a full policy store, as 34 bytes each. */
export const assembledBytesMax: number = 1_048_576;
/** Items of CBOR in one message, which bounds the time to read it. 16,384 ids and room. A guess. */
export const cborItemsMax = 40_000;
/** Nesting of one message. The deepest (the votes of a death in items) has 5. */
export const cborDepthMax = 8;

/** Messages to one peer that wait on one stream, and their bytes. What overflows is told as unsent. Guesses. */
export const outboxMessagesMax = 256;
export const outboxBytesMax: number = 4 * 1_048_576;
/** A peer that takes nothing for so long while messages wait loses its stream. A guess, above a Wi-Fi roam. */
export const sendTimeoutMs = 10_000;

/** What one peer may send: probe-class messages, then sync messages and bytes, a second and at once. Guesses. */
export const probesPerSecond = 100;
export const probesBurst = 500;
export const syncMessagesPerSecond = 200;
export const syncMessagesBurst = 1_000;
export const syncBytesPerSecond: number = 4 * 1_048_576;
export const syncBytesBurst: number = 8 * 1_048_576;

/**
 * Documents in one message of gossip. An older agent counts at most 202 items of CBOR before it blames the sender; a
 * bundle of 257 documents goes as three messages.
 */
export const bundleDocumentsMax = 128;
/** Gossip messages, and documents in them, that one neighbor may deliver a second, and at once: three bundles. */
export const gossipPerSecond = 200;
export const gossipBurst = 1_000;
/** Bytes of one gossip RPC: it carries several messages. Above it the stream is lost, and attached again. */
export const gossipRpcBytesMax: number = 1_048_576;
/** Bytes that gossip may queue for a slow neighbor before its stream is cut. A guess. */
export const gossipOutboundBytesMax: number = 4 * 1_048_576;
/**
 * The first ping of a connection finds one whose transport closed while it was made. More are not needed, since the
 * mind looks at its peers; at Yamux's 30 s they were a fifth of an idle agent's wake-ups (measured with 12 agents).
 */
export const muxerPingIntervalMs = 3_600_000;
/**
 * Messages of this size are announced to the mesh before they are verified (IDONTWANT), so that it sends fewer copies.
 * gossipsub's 512 hold up every small bundle: one of 0.8 kB was in force in 39 instead of 54 ms at the last of eight
 * agents without, and cost each a sixth less of a processor. Where a copy begins to cost more than the words is a guess.
 */
export const gossipAnnouncedBytesMin = 4_096;
/** Messages that wait for the end of the turn to be judged; beyond them all are judged at once. A guess: bundles in parts. */
export const gossipUnjudgedMax = 64;
/** gossipsub's own: the mesh is mended, and the streams are looked at, once a heartbeat. */
export const gossipHeartbeatMs = 1_000;
/**
 * Heartbeats from the last message, session or change of a mesh on: gossipsub offers a message for three and holds it for
 * five. After them they come so seldom; at one a second they were a quarter of an idle agent's wakes.
 */
export const gossipStirredBeats = 6;
export const gossipRestMs = 10_000;
/** Looks in a row at a broken gossip link before it is attached again, and before the peer is hung up. Guesses. */
export const gossipReattachAfterLooks = 2;
export const gossipHangUpAfterLooks = 10;

/** Offenses of one peer within `blameWindowMs` that end its sessions; it stays out for `banMs`. Guesses. */
export const offensesMax = 8;
export const blameWindowMs = 60_000;
export const banMs = 60_000;
/** Peers whose offenses are remembered. */
export const blamedPeersMax = 1_024;

/** Kinds of messages and fields that this build does not know, told apart and each told once. A guess: some releases' worth. */
export const ignoredKindsMax = 64;

/** Log lines a second, and at once, about what others send: they must not fill a card. Guesses. */
export const tellsPerSecond = 5;
export const tellsBurst = 100;

/** Good signatures remembered by digest, 0.3 kB each. A guess: the votes of a mass death. */
export const signaturesKeptMax = 4_096;
/** Roots verified just now that the mind may not have taken in yet. */
export const recentRootsMax = 64;

/** Between starts of attempts on the next address of one peer. RFC 8305 uses 250 ms; a LAN answers sooner. */
export const dialStaggerMs = 100;

/** How often the addresses of this host are looked at: a Wi-Fi comes up seconds after boot. Seldom among peers. Guesses. */
export const addressLookIntervalMs = 5_000;
export const addressLookRestMs = 20_000;

/** Bytes of an invite code, of one message of a join, and of the list of members in its answer. */
export const inviteCodeCharactersMax = 1_024;
export const joinRequestBytesMax = 4_096;
export const joinAnswerBytesMax = 262_144;
/** Members told to a joiner: enough to reach the swarm; anti-entropy tells the rest. A guess. */
export const joinMembersMax = 32;
/**
 * How often one invite is answered. A joiner that loses its connection tries again; who sits in between gets as many
 * tries at six equal digits, eight in a million. A guess.
 */
export const joinTriesMax = 8;
/** The whole of a join, on either side. A guess: a person waits for it. */
export const joinTimeoutMs = 10_000;
/** A joiner tries other ways when the addresses in its code have not answered for so long. A guess. */
export const joinOtherWaysAfterMs = 1_000;
/** Joins that run at once, and requests a second and at once. Guesses. */
export const joinsMax = 64;
export const joinsPerHostMax = 8;
export const joinsPerSecond = 2;
export const joinsBurst = 16;
export const joinsTotalPerSecond = 16;
export const joinsTotalBurst = 128;
/** Invites remembered, open or used, so that a second use can be told from a forgery. */
export const invitesKeptMax = 256;

/** Route streams that run at once, in either direction. A guess. */
export const routeStreamsMax = 256;
/** Bytes of the request and answer that open a route stream. */
export const routeHeadBytesMax = 1_024;
/** The wait for a peer's answer to a route request, and for its local target. Guesses. */
export const routeOpenTimeoutMs = 5_000;
export const routeTargetTimeoutMs = 2_000;

/** The wait for the last messages to leave before the connections end. A guess: as long as libp2p waits for those. */
export const goodbyeTimeoutMs = 500;

/** Circuits that one agent relays at once, of all peers and of one. Guesses: a full mesh that has lost many links. */
export const circuitsMax = 64;
export const circuitsPerPeerMax = 16;
/**
 * How long and how much one circuit carries before its relay ends it; the ends replace it after half of the time. A
 * relay is somebody's device: who moves more than that has a route to look for. Guesses.
 */
export const circuitMsMax = 1_800_000;
export const circuitBytesMax: number = 1_024 * 1_048_576;
/** The wait of a relay for whom it calls. Guess: below the time of the whole detour. */
export const hopTimeoutMs = 1_000;
/**
 * Doors for strangers that one agent keeps open at once, and for how long after each time that one was asked for. An
 * inviter asks again after half of it while an invite is open. Guesses.
 */
export const doorsMax = 16;
export const doorMs = 120_000;
/** Strangers in doors at once, of all hosts and of one; and how long and how much each may: a whole join. */
export const doorStrangersMax = 8;
export const doorStrangersPerHostMax = 2;
export const doorVisitMs = 12_000;
export const doorBytesMax: number = 512 * 1024;
/** Relays whose addresses go into an invite, and how many are asked for it. Guesses. */
export const inviteRelaysMax = 2;
export const inviteRelaysAskedMax = 4;
/** One search for a detour: its relays, and the whole of it. Guesses: a dial, and a hello over two links. */
export const relaysTriedMax = 3;
export const detourTimeoutMs = 1_500;
/** How long the result of a dial waits for a detour. Guess: several times what one takes on a LAN (40 ms, measured). */
export const detourPatienceMs = 500;
/** Whether what stands answers after all, which would make the detour needless. Guess: a probe's wait. */
export const answerTimeoutMs = 500;
/** Searches at once; and the peers of whom a failed one is remembered, with the waits until the next. Guesses. */
export const detoursMax = 16;
export const detoursRememberedMax = 1_024;
export const detourWaitMsMin = 500;
export const detourWaitMsMax = 60_000;
/** Relayed sessions are looked at this often; the direct link is tried after a quarter of the outage, between these. */
export const returnLookMs = 500;
export const returnWaitMsMin = 500;
export const returnWaitMsMax = 30_000;
/** One try of the direct link, and the time for a circuit to end. Guesses. */
export const returnTimeoutMs = 1_500;
export const retireTimeoutMs = 1_000;

/**
 * mDNS on a LAN. Datagrams a second, and at once, of everyone: where there are more, this agent stops to listen for
 * a while, so that a flood costs it mDNS and no time. Guesses: a hundred times what a home says.
 */
export const mdnsDatagramsPerSecond = 1_000;
export const mdnsDatagramsBurst = 2_000;
export const mdnsRestMs = 60_000;
/** Bytes of a datagram that is looked at. RFC 6762, 17: one Ethernet frame, with its headers. */
export const mdnsDatagramBytesMax = 1_472;
/** Records of a datagram that is looked at. A guess: an answer has two, and others may be added to it. */
export const mdnsRecordsMax = 32;
/** Datagrams about agents that are read a second, and at once, of one host and of all. Guesses: many agents on one host. */
export const mdnsPerSecond = 10;
export const mdnsBurst = 50;
export const mdnsTotalPerSecond = 200;
export const mdnsTotalBurst = 1_000;
export const mdnsHostsMax = 256;
/** Peers whose announced addresses are remembered, the newest of each, and for how long. Guesses. */
export const mdnsPeersMax = 256;
export const mdnsAddressesMax = 8;
export const mdnsRememberedMs = 1_200_000;
/** How long others may keep a record, which this agent itself does not go by. RFC 6762, 10. */
export const mdnsRecordSeconds = 120;
/** Answers and announcements wait at random between these, so that not all speak at once. RFC 6762, 6. */
export const mdnsAnswerWaitMsMin = 20;
export const mdnsAnswerWaitMsMax = 120;
/** At most one answer in so long, and a second announcement after it. RFC 6762, 6 and 8.3. */
export const mdnsAnswerIntervalMs = 1_000;
/** From one question to the next while somebody is missing, doubling. RFC 6762, 5.2: at least a second. */
export const mdnsQuestionWaitMsMin = 1_000;
export const mdnsQuestionWaitMsMax = 600_000;
/** How long an announced address may take once those that the peer tells have failed. A guess: a LAN answers sooner. */
export const hintGraceMs = 200;
/** How long a joiner listens to the LAN for its inviter. A guess: an answer comes within a second. */
export const joinLanMs = 3_000;
