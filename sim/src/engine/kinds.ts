/**
 * What an event is, as a small number: part of the order of events, after time, destination and source. The source of
 * an event is whoever adds it, so that events that differ in nothing else come in the order in which one agent added
 * them; but for `silence`, of which several do what one does.
 *
 * Its `tag` says what must still be true when the event comes: the life of a process, or the number of a session.
 */
export const kinds = {
  /** The world's own: a fault, or a look at the agents. Before what agents do at the same time. */
  fault: 0,
  check: 1,
  /** What the agent's own body answers; tag: life. */
  input: 2,
  device: 3,
  dialEnded: 4,
  /** An attempt to connect that had to wait for the agent's own first words; tag: life. */
  dialLater: 17,
  /** What comes over a session; tag: session. */
  message: 5,
  /** A message as bytes, of which nothing is verified. */
  wire: 14,
  gossip: 6,
  /** Gossip that comes several times, from process to process; tag: life of the destination. */
  copy: 16,
  closed: 7,
  opened: 8,
  /** What the host answers even while its process is paused; tag: life of the source. */
  dialReached: 9,
  /** A host looks again at a dial that waits there. */
  dialAgain: 15,
  /** An end of a session was watched for silence; tag: session. */
  silence: 10,
  heartbeat: 11,
  /** The agent asked to be woken: its alarm. Last, so that what arrives in time counts as in time. */
  wake: 12,
  /** The process is done with its last step: what waits for it goes on. */
  ready: 13,
} as const;

/** The destination of events that concern no agent. */
export const worldIndex = -1;
