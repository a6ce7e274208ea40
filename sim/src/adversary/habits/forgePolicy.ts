import { createAuthor, sealBundle } from "@antibody/policy";
import { modelCrypto, modelSigner } from "../../identity/modelCrypto.ts";
import type { SimAgent } from "../../world/agent.ts";
import type { Hand } from "../hand.ts";

/** Far above any generation that an author of a scenario publishes. */
const forgedGeneration = 1_000_000;

/**
 * Bundles in the names of the scenario's authors, signed with its own key; and one of an author that it made itself,
 * soundly signed, whom no owner has granted anything.
 */
export function forgePolicy(hand: Hand, agent: SimAgent): void {
  const own = createAuthor({
    signer: agent.signer,
    nextPublicKeys: [modelSigner(`next ${agent.name}`).publicKey],
    crypto: modelCrypto,
  });
  for (const publisher of hand.publishers.all) {
    for (const author of [own.author, publisher.author]) {
      const { manifest, fragments } = sealBundle({
        author,
        stream: publisher.stream,
        epoch: 1,
        generation: forgedGeneration,
        documents: publisher.documents(forgedGeneration, agent.name),
        signer: agent.signer,
        crypto: modelCrypto,
      });
      const envelopes = [...(author === own.author ? [own.bytes] : []), manifest, ...fragments];
      for (const bytes of envelopes) hand.gossipPolicy(agent, bytes);
      hand.send(agent, { type: "items", members: [], deaths: [], policy: envelopes });
    }
  }
}
