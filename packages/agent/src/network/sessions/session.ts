import type { Member } from "@antibody/core";
import type { AgentId } from "@antibody/policy";
import type { Connection, PeerId } from "@libp2p/interface";
import type { Relayed } from "../../ports.ts";
import { isRelayed, relayOf } from "../relay/relayed.ts";

/** What stands with one enrolled peer. */
export interface Session {
  readonly agent: AgentId;
  readonly peer: PeerId;
  /** As told in the newest hello. */
  readonly member: Member;
  /**
   * Connections on which hello is done in both directions; never empty. The last one is in use: the newest, or of two
   * that both ends have dialed at once the one that both keep.
   */
  readonly connections: readonly Connection[];
}

/**
 * Two agents that start at once dial each other, and then have two direct connections. Both ends go on with the one
 * that the agent of the smaller id has dialed: the other costs a socket and its keep-alives for nothing.
 */
export function keptOfCrossed(
  connections: readonly Connection[],
  own: AgentId,
  peer: AgentId,
): Connection | undefined {
  const direct = connections.filter((connection) => !isRelayed(connection));
  const ofSmaller = own < peer ? "outbound" : "inbound";
  const isCrossed = new Set(direct.map(({ direction }) => direction)).size > 1;
  return isCrossed ? direct.findLast(({ direction }) => direction === ofSmaller) : undefined;
}

/**
 * Direct connections that this agent has dialed and that are needed no more. Of crossed ones only the agent of the
 * greater id closes: it has answered the connection that stays, and the answering end is the last to know that hello
 * is done, so both ends hold it by then. Of several that it has dialed alone it keeps the one in use.
 */
export function spareConnections({ agent, connections }: Session, own: AgentId): readonly Connection[] {
  const direct = connections.filter((connection) => !isRelayed(connection));
  const crossed = keptOfCrossed(connections, own, agent);
  if (crossed !== undefined && own < agent) return [];
  const kept = crossed ?? direct.at(-1);
  return direct.filter((connection) => connection.direction === "outbound" && connection !== kept);
}

/** The newest connection of a session that needs no relay. */
export function directOf(session: Session | undefined): Connection | undefined {
  return session?.connections.findLast((connection) => !isRelayed(connection));
}

/** The peers among sessions that are reached through another one of them. */
export function relayedAmong(sessions: readonly Session[]): readonly Relayed[] {
  return sessions.flatMap(({ agent, connections }) => {
    const newest = connections.at(-1);
    const relay = newest === undefined ? undefined : relayOf(newest);
    const by = sessions.find(({ peer }) => peer.toString() === relay)?.agent;
    return by === undefined ? [] : [{ peer: agent, by }];
  });
}
