/** Bounds of the control sockets. Whoever may connect may also be broken: nothing here grows without end. */

/** Bytes of a command's or an invite's JSON. Guess: a grant with all its globs takes a quarter of it. */
export const commandBytesMax = 65_536;
/** Bytes of the headers of one request. Guess: our own client sends under 200. */
export const headerBytesMax = 4_096;
/** Connections to one socket at once. Guess: a dashboard, a few shells and a script. */
export const connectionsMax = 32;
/** Of these, how many may follow events; the others stay free for commands. Guess. */
export const followersMax = 16;
/** Bytes waiting for a follower that does not read, before it is let go. Guess: some thousand log lines. */
export const followerBacklogBytesMax = 1_048_576;
/** A silent stream of events says that it lives this often, so that both ends notice a dead one. Guess. */
export const heartbeatMs = 15_000;
/** A request must be here in full after this long. Guess: the socket is local, a person at a keyboard is not meant. */
export const requestTimeoutMs = 10_000;
/** How often late requests are looked for. As the above: each of the two servers wakes an idle agent for it. */
export const lateCheckMs = 10_000;
/** The mind answers a command within this time, or the caller shall try again. Guess. */
export const commandTimeoutMs = 10_000;
/** The client waits this long for an answer; longer than the agent does. */
export const answerTimeoutMs = 15_000;
/** Bytes of an answer that the client takes. Guess: 16,384 promises of 1 kB, a few times over. */
export const answerBytesMax: number = 64 * 1_048_576;
/** Longest life of an invite. Guess: a week; the default of the command line is ten minutes. */
export const inviteMsMax: number = 7 * 86_400_000;
/** The header in which a client says its pid, for the history of orders. */
export const callerHeader = "x-antibody-pid";
