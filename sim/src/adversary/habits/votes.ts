import { sealVote, type Vote, type VoteEvidence } from "@antibody/core";
import { compareText, type Signer } from "@antibody/policy";
import type { SimAgent } from "../../world/agent.ts";
import type { Hand } from "../hand.ts";

/** Observers that a forged certificate names: any quorum. */
const forgedVotesMax = 16;
/** Votes of accomplices in one certificate: above any quorum, and few enough that it is well-formed. */
const colludingVotesMax = 16;
const evidence: VoteEvidence = "refused";

/** Votes in the names of honest members, signed with its own key. */
export function forgeDeaths(hand: Hand, agent: SimAgent): void {
  const victim = hand.victim();
  if (victim === undefined) return;
  const names = Array.from({ length: forgedVotesMax }, () => hand.victim()).filter(
    (each): each is SimAgent => each !== undefined && each !== victim,
  );
  accuse(hand, agent, victim, [...new Set(names)], () => agent.signer);
}

/**
 * Votes of accomplices, each with its own true key: the accused lives. First of those that observe it, whose votes
 * count; the rest make up the number.
 */
export function falseVotes(hand: Hand, agent: SimAgent): void {
  const prey = hand.surrounded();
  if (prey === undefined) return;
  const others = hand.random.sample(hand.members, colludingVotesMax);
  const voters = [...new Set([...prey.observers, ...others])].slice(0, colludingVotesMax);
  accuse(hand, agent, prey.victim, voters, ({ signer }) => signer);
}

function accuse(
  hand: Hand,
  agent: SimAgent,
  victim: SimAgent,
  observers: readonly SimAgent[],
  signerOf: (observer: SimAgent) => Signer,
): void {
  const { entry } = hand.memberOf(victim).entry;
  const number = hand.nextVote();
  const votes = [...observers]
    .sort((left, right) => compareText(left.id, right.id))
    .map((observer) => {
      const vote: Vote = {
        v: 1,
        type: "vote",
        swarm: entry.swarm,
        subject: victim.id,
        incarnation: entry.incarnation,
        observer: observer.id,
        evidence,
        sequence: [1_000, number],
      };
      return sealVote(vote, signerOf(observer));
    });
  const death = { subject: victim.id, incarnation: entry.incarnation, votes };
  const bytes = votes.reduce((sum, vote) => sum + vote.length, 0);
  hand.gossip(agent, { type: "deaths", deaths: [death] }, bytes);
  hand.send(agent, { type: "votes", votes });
  hand.send(agent, { type: "items", members: [], deaths: [death], policy: [] });
}
