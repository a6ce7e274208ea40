import type { AgentInspection } from "@antibody/agent/control";
import type { EvictionView, Inspection, MemberView, Overlay, Verdict } from "@antibody/core";
import { shortId } from "@antibody/policy";
import { labeled, table } from "../text/table.ts";
import { age, relative, type Times, timesOf } from "../text/times.ts";
import { timeField } from "./resource.ts";
import { rolesOfPeer } from "./roles.ts";
import { verdictOrder } from "./words.ts";

/** One peer, as `--json` prints it. */
interface PeerFields {
  readonly agent: string;
  readonly name: string;
  readonly verdict: Verdict;
  readonly since?: string;
  readonly why: string;
  /** Certificate serial, boot counter, and how often it refuted since. */
  readonly incarnation: readonly number[];
  readonly connected: boolean;
  /** The peer through which it is reached, where the direct way is closed. */
  readonly relayedBy?: { readonly agent: string; readonly name: string };
  readonly observedByMe: boolean;
  readonly addresses: readonly string[];
  readonly capabilities: readonly string[];
  /** Observers that hold it for dead, and on which evidence. */
  readonly votes: readonly { readonly observer: string; readonly name: string; readonly evidence: string }[];
}

/** What `peers` tells, as `--json` prints it. */
export interface PeersView {
  readonly schema: "antibody.peers/1";
  readonly time: string;
  readonly cutOff: boolean;
  readonly quorum: { readonly observersCount: number; readonly votesCount: number };
  /** Who was put out of the swarm, by whom and why. */
  readonly evicted: readonly EvictionView[];
  readonly peers: readonly PeerFields[];
}

/** What `peers why PEER` tells, as `--json` prints it. */
export interface PeerView extends PeerFields {
  readonly schema: "antibody.peer/1";
  readonly time: string;
  /** Whose duty it is to observe it now, as this agent knows it. */
  readonly observers: readonly { readonly agent: string; readonly name: string }[];
  /** What it has to do with the roles that are promised here, for people. */
  readonly roles: readonly string[];
  readonly cutOff: boolean;
  readonly quorum: PeersView["quorum"];
}

/** Puts together what is known of all peers. */
export function peersView(inspection: AgentInspection): PeersView {
  const times = timesOf(inspection);
  return {
    schema: "antibody.peers/1",
    time: times.now,
    ...swarmFields(inspection),
    evicted: inspection.evictions ?? [],
    peers: inspection.members
      .filter((member) => member.agent !== inspection.agent)
      .map((member) => peerFields(inspection, member, times))
      .toSorted((left, right) => verdictOrder.indexOf(left.verdict) - verdictOrder.indexOf(right.verdict)),
  };
}

/** Puts together what is known of one peer. */
export function peerView(inspection: AgentInspection, member: MemberView, overlay: Overlay): PeerView {
  const times = timesOf(inspection);
  return {
    schema: "antibody.peer/1",
    time: times.now,
    ...peerFields(inspection, member, times),
    observers: observersOf(member, overlay),
    roles: rolesOfPeer(inspection, member.agent),
    ...swarmFields(inspection),
  };
}

function observersOf({ agent }: MemberView, { members }: Overlay): PeerView["observers"] {
  const observers = members.find((each) => each.agent === agent)?.observers ?? [];
  return observers.map((observer) => ({
    agent: observer,
    name: members.find((each) => each.agent === observer)?.name ?? shortId(observer),
  }));
}

function swarmFields(inspection: Inspection): Pick<PeersView, "cutOff" | "quorum"> {
  const { observers, votes } = inspection.quorum;
  return { cutOff: inspection.cutOff, quorum: { observersCount: observers, votesCount: votes } };
}

function peerFields(inspection: AgentInspection, member: MemberView, times: Times): PeerFields {
  return {
    agent: member.agent,
    name: member.name,
    verdict: member.verdict,
    ...timeField("since", times.at(member.sinceMs)),
    why: member.why,
    incarnation: member.incarnation,
    connected: member.connected,
    ...relayFields(inspection, member),
    observedByMe: member.observedByMe,
    addresses: member.addresses,
    capabilities: member.capabilities,
    votes: member.votes.map(({ observer, evidence }) => ({
      observer,
      name: nameIn(inspection, observer),
      evidence,
    })),
  };
}

/** What a member is called; its id, shortened, where it is none any more. */
function nameIn({ agent: own, name, members }: Inspection, agent: string): string {
  if (agent === own) return name;
  return members.find((each) => each.agent === agent)?.name ?? shortId(agent);
}

function relayFields(inspection: AgentInspection, { agent }: MemberView): Pick<PeerFields, "relayedBy"> {
  const by = inspection.relayed?.find(({ peer }) => peer === agent)?.by;
  if (by === undefined) return {};
  return { relayedBy: { agent: by, name: nameIn(inspection, by) } };
}

function linkText({ connected, relayedBy }: PeerFields, none: string): string {
  if (relayedBy !== undefined) return `relayed by ${relayedBy.name}`;
  return connected ? "connected" : none;
}

/** The table of `peers`. */
export function peersLines(view: PeersView): readonly string[] {
  const evicted = view.evicted.map(
    ({ agent, name, by, reason }) => `evicted: ${name} (${shortId(agent)}) by ${byText(by)}: ${reason}`,
  );
  if (view.peers.length === 0) return ["no peers yet", ...evicted];
  const rows = view.peers.map((peer) => [
    peer.name,
    shortId(peer.agent),
    peer.verdict,
    age(peer.since, view.time),
    linkText(peer, "-"),
    peer.capabilities.join(" "),
    peer.why,
  ]);
  return [
    ...table(["NAME", "AGENT", "STATE", "SINCE", "LINK", "CAPABILITIES", "WHY"], rows),
    ...(view.cutOff ? ["this agent itself is cut off: it accuses nobody"] : []),
    ...evicted,
  ];
}

/** Who has signed an eviction, for people. */
export function byText(by: EvictionView["by"]): string {
  return by === "recovery" ? "the recovery key" : shortId(by);
}

/** Of these nobody asks how many votes their death would take. */
const gone: readonly Verdict[] = ["dead", "left", "away"];

/** The screen of `peers why`. */
export function peerLines(view: PeerView): readonly string[] {
  const line = (label: string, text: string): readonly string[] => labeled(label, text, 10);
  return [
    ...line("peer", `${view.name} (${shortId(view.agent)})`),
    ...line("state", stateText(view)),
    ...line("why", view.why),
    ...line("link", linkText(view, "not connected")),
    ...line("observed", observedText(view)),
    ...line("addresses", view.addresses.join(" ") || "none known"),
    ...line("promises", view.capabilities.join(" ") || "nothing to peers"),
    ...view.roles.flatMap((role) => line("role", role)),
    ...(gone.includes(view.verdict) ? [] : line("quorum", quorumText(view))),
    ...view.votes.flatMap(({ name, evidence }) => line("vote", `${name}: ${evidence}`)),
    ...(view.cutOff ? line("note", "this agent itself is cut off: it accuses nobody") : []),
  ];
}

function observedText({ observers, observedByMe }: PeerView): string {
  const names = observers.map(({ name }) => name).join(" ");
  if (names !== "") return `by ${names}`;
  return observedByMe ? "by this agent too" : "by nobody";
}

/** Before the agent's own start nobody knows since when. */
function stateText({ verdict, since, time }: PeerView): string {
  return since === undefined ? verdict : `${verdict}, since ${relative(since, time)}`;
}

/** How many votes make a death, and how many there are. */
function quorumText({ quorum: { observersCount, votesCount }, votes }: PeerView): string {
  if (votesCount > observersCount) {
    return `${votesCount} votes make a death, and only ${observersCount} can vote: nobody is found dead`;
  }
  return `${votesCount} of ${observersCount} observers make a death; ${votes.length} say so`;
}
