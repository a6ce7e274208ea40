import type { AgentId } from "@antibody/policy";
import type { Member, SignedEntry } from "../../contract/statements.ts";
import type { Turn } from "../../contract/turn.ts";
import { incarnationText, isSameLife } from "../../enrolment/incarnation.ts";
import { memberRecord } from "../../enrolment/member.ts";
import type { Deaths } from "../deaths/deaths.ts";
import type { Votes } from "../deaths/votes.ts";
import type { Links } from "../links.ts";
import type { Missing } from "../missing/missing.ts";
import type { Probing } from "../observing/probing.ts";
import type { Directory } from "./directory.ts";
import type { Evicting } from "./evicting.ts";
import type { Own } from "./own.ts";
import type { Standing } from "./supersedes.ts";

/** What membership stands on. */
export interface MembershipPorts {
  readonly agent: AgentId;
  readonly own: Own;
  readonly directory: Directory;
  readonly links: Links;
  readonly probing: Probing;
  readonly votes: Votes;
  readonly deaths: Deaths;
  readonly missing: Missing;
  readonly evicting: Evicting;
}

/** Takes what members say of themselves, this agent included. */
export class Membership {
  readonly #ports: MembershipPorts;
  /** Accepted in this step, to be persisted at its end. */
  #unsaved: Member[] | undefined;

  constructor(ports: MembershipPorts) {
    this.#ports = ports;
  }

  /** Many at once, as they came in one message, or by `isGossip`: that was said just now. */
  admitAll(members: readonly Member[], from: AgentId, turn: Turn, isGossip = false): void {
    const { directory, evicting } = this.#ports;
    const welcome = members.filter((member) => !evicting.turnsAway(member, turn));
    directory.enrol(welcome);
    for (const member of welcome) this.#admit(member, from, turn, isGossip);
  }

  /** Takes a statement that `from` made or passed on. */
  admit(member: Member, from: AgentId, turn: Turn): void {
    if (!this.#ports.evicting.turnsAway(member, turn)) this.#admit(member, from, turn);
  }

  #admit(member: Member, from: AgentId, turn: Turn, isGossip = false): void {
    const { directory, own } = this.#ports;
    const { agent } = member.certificate;
    if (agent === this.#ports.agent) {
      own.outgrow(member.entry, from, turn);
      this.answerAccusers(turn);
      return;
    }
    const before = { held: directory.get(agent), standing: directory.standingOf(agent) };
    const acceptance = directory.accept(member);
    switch (acceptance) {
      case "joined":
        this.#saveSoon(member);
        tell("joined", member, "enrolled by certificate", turn);
        return;
      case "renewed":
        this.#saveSoon(member);
        this.#renewed(member, before, isGossip, turn);
        return;
      case "conflicting":
      case "older": {
        // It has lost what it last said: it will go on above that.
        const held = directory.get(agent);
        if (from === agent && held !== undefined) sendMember(held, agent, turn);
        return;
      }
      case "known":
      case "refused":
        return;
      default:
        throw new Error(`unknown acceptance ${acceptance satisfies never}`);
    }
  }

  /** The body signed what this agent says of itself. */
  signed(entry: SignedEntry, turn: Turn): void {
    const { own, directory, links } = this.#ports;
    if (!own.signed(entry)) return;
    const { member } = own;
    if (member === undefined) return;
    directory.accept(member);
    this.publish(turn);
    // The body may end before gossip gets going.
    if (own.isAbsent) for (const peer of links.list()) sendMember(member, peer, turn);
    this.answerAccusers(turn);
  }

  /** Tells everyone what this agent says of itself. */
  publish(turn: Turn): void {
    const { member } = this.#ports.own;
    if (member === undefined) return;
    turn.emit({ type: "publishRumor", rumor: { type: "members", members: [member] } });
  }

  /** Whoever held this agent dead gets its newest entry first of all. */
  answerAccusers(turn: Turn): void {
    const { own } = this.#ports;
    const { member } = own;
    if (member === undefined) return;
    for (const accuser of own.takeAccusers()) sendMember(member, accuser, turn);
  }

  /** Persists what was accepted in this step. */
  save(turn: Turn): void {
    if (this.#unsaved === undefined) return;
    turn.emit({ type: "persist", durability: "batched", records: this.#unsaved.map(memberRecord) });
    this.#unsaved = undefined;
  }

  #saveSoon(member: Member): void {
    this.#unsaved ??= [];
    this.#unsaved.push(member);
  }

  #renewed(
    member: Member,
    {
      held,
      standing: before,
    }: { readonly held: Member | undefined; readonly standing: Standing | undefined },
    isGossip: boolean,
    turn: Turn,
  ): void {
    const { votes, probing, deaths, missing } = this.#ports;
    const { agent, status, incarnation } = member.entry.entry;
    const wasAccused = votes.voidBelow(agent, incarnation) || deaths.isAccused(agent);
    if (status === "left") {
      if (before !== "left") tell("left", member, "its own goodbye", turn);
    } else if (before === "dead" || before === "left" || before === "away") {
      if (status === "alive") tell("returned", member, `its own newer statement, it was ${before}`, turn);
    } else if (wasAccused) {
      tell("refuted", member, "its own newer statement", turn);
    }
    deaths.reconsider(turn, agent);
    const wasMissing = missing.holds(agent);
    missing.renewed(agent, incarnation, turn);
    const isReborn = held !== undefined && !isSameLife(held.entry.entry.incarnation, incarnation);
    if (isGossip) probing.spoke(agent, { wasMissing, isReborn }, turn);
    else probing.renewed(agent, turn);
  }
}

function sendMember(member: Member, to: AgentId, turn: Turn): void {
  turn.emit({ type: "send", to, message: { type: "items", members: [member], deaths: [], policy: [] } });
}

function tell(
  event: "joined" | "left" | "returned" | "refuted",
  { certificate, entry }: Member,
  evidence: string,
  turn: Turn,
): void {
  turn.tell(`swarm.${event}`, "info", {
    peer: certificate.agent,
    name: certificate.certificate.name,
    incarnation: incarnationText(entry.entry.incarnation),
    evidence,
  });
}
