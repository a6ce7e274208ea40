import type { AgentId } from "@antibody/policy";
import type { Input } from "../contract/input.ts";
import type { PolicyHolding } from "../contract/knowledge.ts";
import type { HealthRumor, PeerMessage } from "../contract/messages.ts";
import type { Member, SignedStatement } from "../contract/statements.ts";
import type { Turn } from "../contract/turn.ts";
import { evictionKeepsMax } from "../limits.ts";
import { outOfTurn } from "./asking.ts";
import type { SwarmParts } from "./parts.ts";
import { isEqual } from "./reconciling/reconcile.ts";

type Message<Type extends PeerMessage["type"]> = Extract<PeerMessage, { readonly type: Type }>;

/** The inputs that concern the swarm. */
export type SwarmInput = Extract<
  Input,
  {
    readonly type:
      | "wake"
      | "addresses"
      | "connected"
      | "disconnected"
      | "dialed"
      | "message"
      | "unsent"
      | "rumor"
      | "enrolled"
      | "turnedAway"
      | "signed";
  }
>;

/**
 * What an input has moved beside the deadline of probing. Nothing: it was small talk, between two that find each other
 * as they should be. What is held alone, and no deadline: deaths that nobody here waited for, words on strangers. Anything
 * else: perhaps every deadline.
 */
export type Moved = "nothing" | "held" | "anything";

/** Gives an input to the parts that it concerns. */
export function takeInput(parts: SwarmParts, input: SwarmInput, policy: PolicyHolding, turn: Turn): Moved {
  if (input.type === "message") {
    const isUsual = hear(parts, input.from, turn);
    const isSmallTalk = takeMessage(parts, input.from, input.message, policy, turn) && isUsual;
    return isSmallTalk ? "nothing" : "anything";
  }
  if (input.type === "rumor") {
    const isUsual = hear(parts, input.from, turn);
    const isNobodysMatter = takeRumor(parts, input.from, input.rumor, turn);
    return isNobodysMatter && isUsual ? "held" : "anything";
  }
  if (input.type === "wake") return "nothing";
  if (input.type === "dialed") return takeDial(parts, input, turn) ? "held" : "anything";
  takeOther(parts, input, turn);
  return "anything";
}

function takeOther(
  parts: SwarmParts,
  input: Exclude<SwarmInput, { readonly type: "message" | "rumor" | "wake" | "dialed" }>,
  turn: Turn,
): void {
  switch (input.type) {
    case "addresses":
      parts.own.readdress(input.addresses, turn);
      return;
    case "connected":
      takeConnection(parts, input.peer, input.member, turn);
      return;
    case "disconnected": {
      // That a session is over which this agent has hung up itself shows nothing.
      const isNews = parts.links.has(input.peer);
      parts.links.closed(input.peer);
      parts.reconcile.closed(input.peer);
      if (isNews) parts.probing.disconnected(input.peer, turn);
      return;
    }
    case "unsent":
      if (parts.links.has(input.to)) parts.probing.unsent(input.to, turn);
      return;
    case "enrolled":
      parts.membership.admit(input.member, input.member.certificate.agent, turn);
      turn.emit({ type: "publishRumor", rumor: { type: "members", members: [input.member] } });
      if (input.replaces !== undefined) replace(parts, input.replaces, input.member, turn);
      return;
    case "turnedAway":
      parts.evicting.take([input.eviction], turn);
      return;
    case "signed":
      takeSigned(parts, input.statement, turn);
      return;
    default:
      throw new Error(`unknown input ${input satisfies never}`);
  }
}

/** True where nobody but who watches the peer waited for it: a lost peer is dialed again and again. */
function takeDial(
  { links, accusing, probing, helping, missing, deaths }: SwarmParts,
  { peer, purpose, result }: Extract<SwarmInput, { readonly type: "dialed" }>,
  turn: Turn,
): boolean {
  const isReached = result === "connected";
  const wasInvited = !isReached && links.failed(peer);
  const wasAwaited = !isReached && accusing.missed(peer, turn);
  probing.dialed(peer, purpose, result, turn);
  const isFavor = helping.dialed(peer, result, turn);
  const wasMissed = isReached && missing.count > 0 && missing.heard(peer, turn);
  const wasChecked = deaths.dialed(peer, result, turn);
  return !(isReached || wasInvited || wasAwaited || isFavor || wasMissed || wasChecked);
}

function takeConnection(parts: SwarmParts, peer: AgentId, member: Member, turn: Turn): void {
  const { links, membership, evicting, asking, probing, helping, missing, accusing } = parts;
  const isFirst = links.isEmpty;
  links.opened(peer);
  if (evicting.turnsAway(member, turn)) return;
  membership.admit(member, peer, turn);
  probing.connected(peer, member.entry.entry.incarnation, turn);
  helping.heard(peer, turn);
  missing.heard(peer, turn);
  accusing.returned(peer);
  // One side compares digests; an accused peer hears of it from whoever accuses it.
  if (parts.agent < peer || accusing.accusationOf(peer) !== undefined) asking.probe(peer, turn);
  // What was published before there was any session has reached nobody.
  if (isFirst) membership.publish(turn);
  accusing.shareAll(peer, turn);
}

/** Any traffic is proof of life. True when nothing else was thought. */
function hear({ probing, helping, missing }: SwarmParts, from: AgentId, turn: Turn): boolean {
  const isMissed = missing.count > 0 && missing.heard(from, turn);
  const isUsual = probing.hear(from, turn) && !isMissed;
  if (helping.count === 0) return isUsual;
  helping.heard(from, turn);
  return false;
}

function takeMessage(
  parts: SwarmParts,
  from: AgentId,
  message: PeerMessage,
  policy: PolicyHolding,
  turn: Turn,
): boolean {
  switch (message.type) {
    case "probe":
      return takeProbe(parts, from, message, policy, turn);
    case "ack":
      return takeAck(parts, from, message, policy, turn);
    default:
      takeNews(parts, from, message, policy, turn);
      return message.type === "probeReport";
  }
}

function takeProbe(
  { own, directory, accusing, asking, probing, reconcile }: SwarmParts,
  from: AgentId,
  { sequence, accusation, digests: theirs }: Message<"probe">,
  policy: PolicyHolding,
  turn: Turn,
): boolean {
  const digests = reconcile.digests(policy, turn);
  const message = { type: "ack", sequence, digests, incarnation: own.incarnation } as const;
  turn.emit({ type: "send", to: from, message });
  if (isEqual(theirs, digests)) probing.agreed(from, turn);
  if (sequence !== outOfTurn) probing.lookedAt(from, turn);
  if (accusation !== undefined) {
    accusing.refute(accusation.incarnation, from, "told by its accuser", turn);
    return false;
  }
  // It lives, and may not know that it is held dead here.
  if (directory.deathCount > 0 && directory.standingOf(from) === "dead") asking.probe(from, turn);
  return reconcile.mismatchCount === 0;
}

function takeAck(
  { probing, reconcile }: SwarmParts,
  from: AgentId,
  { sequence, incarnation, digests }: Message<"ack">,
  policy: PolicyHolding,
  turn: Turn,
): boolean {
  const wasEqual = reconcile.mismatchCount === 0;
  probing.answered(from, sequence, incarnation, turn);
  if (reconcile.compared(from, digests, policy, turn)) probing.agreed(from, turn);
  return wasEqual && reconcile.mismatchCount === 0;
}

function takeNews(
  { accusing, probing, reconcile, helping, membership, evicting }: SwarmParts,
  from: AgentId,
  message: Exclude<PeerMessage, { readonly type: "probe" | "ack" }>,
  policy: PolicyHolding,
  turn: Turn,
): void {
  switch (message.type) {
    case "probeRequest":
      helping.request(from, message.sequence, message.subject, turn);
      return;
    case "probeReport":
      if (message.answered) probing.reported(message.subject, from, turn);
      return;
    case "votes":
      for (const vote of message.votes) accusing.takeVote(vote, from, turn);
      return;
    case "deaths":
      accusing.collect(message.deaths, from, turn);
      return;
    case "leaseAsk":
    case "leaseAnswer":
    case "leaseRelease":
      // For the roles; here it is a sign of life, as all are.
      return;
    case "digest":
      reconcile.onDigest(from, message, policy, turn);
      return;
    case "summary":
      reconcile.onSummary(from, message, policy, turn);
      return;
    case "want":
      reconcile.onWant(from, message, policy, turn);
      return;
    case "items":
      if (message.evictions !== undefined) evicting.take(message.evictions, turn);
      membership.admitAll(message.members, from, turn);
      for (const death of message.deaths) accusing.takeDeath(death, from, turn);
      reconcile.onItems(from, message, turn);
      return;
    default:
      throw new Error(`unknown message ${message satisfies never}`);
  }
}

/** True when it changed nothing but what is held. */
function takeRumor(
  { membership, accusing, missing, reporting, evicting }: SwarmParts,
  from: AgentId,
  rumor: HealthRumor,
  turn: Turn,
): boolean {
  switch (rumor.type) {
    case "members":
      membership.admitAll(rumor.members, from, turn, true);
      return false;
    case "deaths": {
      let isNobodysMatter = true;
      for (const death of rumor.deaths) {
        if (!accusing.takeDeath(death, from, turn, true)) isNobodysMatter = false;
      }
      return isNobodysMatter;
    }
    case "sightings": {
      const expiryMs = missing.deadline;
      const reportMs = reporting.deadline;
      for (const signed of rumor.sightings) {
        if (missing.take(signed, from, turn)) reporting.doubt(signed.sighting.subject, turn);
      }
      return missing.deadline === expiryMs && reporting.deadline === reportMs;
    }
    case "evictions":
      evicting.take(rumor.evictions, turn);
      return false;
    default:
      throw new Error(`unknown rumor ${rumor satisfies never}`);
  }
}

function takeSigned(
  { membership, accusing, reporting, evicting }: SwarmParts,
  statement: SignedStatement,
  turn: Turn,
): void {
  switch (statement.type) {
    case "entry":
      membership.signed(statement.entry, turn);
      return;
    case "vote":
      accusing.share(statement.vote, turn);
      return;
    case "sighting":
      reporting.signed(statement.sighting, turn);
      return;
    case "eviction":
      evicting.publish(statement.eviction, turn);
      return;
    case "report":
      throw new Error("a report is no matter of the swarm");
    default:
      throw new Error(`unknown statement ${statement satisfies never}`);
  }
}

/** A device came back under its name with a new key: the old one goes, and all whom it had invited stay. */
function replace(
  { evicting, directory }: SwarmParts,
  old: AgentId,
  { certificate }: Member,
  turn: Turn,
): void {
  // Whoever is kept keeps those below it. More than one statement keeps are out, and in again by the next.
  const invited = directory
    .members()
    .map((member) => member.certificate)
    .filter(({ lineage }) => lineage.at(-2) === old)
    .map(({ agent }) => agent);
  const reason = `replaced by ${certificate.agent}`;
  for (let from = 0; from === 0 || from < invited.length; from += evictionKeepsMax) {
    const keeps = invited.slice(from, from + evictionKeepsMax);
    evicting.evict({ agent: old, keeps, reason }, turn);
  }
}
