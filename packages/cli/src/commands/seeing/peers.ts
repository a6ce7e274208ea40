import { exitCode } from "../../errors.ts";
import { findPeer } from "../../find.ts";
import type { Verb } from "../../verb.ts";
import { peerLines, peersLines, peersView, peerView } from "../../views/peers.ts";

/** `antibody peers`: everyone in the swarm, as this agent holds them. */
export const peers: Verb<object> = {
  usage: "peers",
  summary: "Everyone in the swarm, as this agent holds them.",
  examples: ["antibody peers", "antibody peers why greenhouse"],
  exits: [[0, "shown"]],
  asksAgent: true,
  async run({ invocation }) {
    const view = peersView(await invocation.client.inspect());
    invocation.print(view, () => peersLines(view));
    return exitCode.ok;
  },
};

/** `antibody peers why PEER`: what the verdict on one peer rests on. */
export const peersWhy: Verb<object> = {
  usage: "why <peer>",
  summary: "What the verdict on one peer rests on: since when, evidence, observers, votes.",
  examples: ["antibody peers why greenhouse", "antibody peers why agent_abcd2345"],
  exits: [
    [0, "shown"],
    [1, "the agent knows no such peer, or several"],
  ],
  asksAgent: true,
  async run({ invocation, args: [text = ""] }) {
    const { client, self } = invocation;
    const inspection = await client.inspect();
    const view = peerView(inspection, findPeer(inspection, text, self), await client.overlay());
    invocation.print(view, () => peerLines(view));
    return exitCode.ok;
  },
};
