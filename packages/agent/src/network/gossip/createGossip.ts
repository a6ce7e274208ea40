import type { Crypto } from "@antibody/policy";
import {
  type GossipSub,
  type GossipSubComponents,
  gossipsub,
  StrictNoSign,
  type TopicValidatorResult,
} from "@libp2p/gossipsub";
import { gossipAnnouncedBytesMin, gossipOutboundBytesMax, gossipRpcBytesMax } from "../limits.ts";

/** The class has more than its published type: a heartbeat may come when it is needed, and a verdict after the message. */
export type BeatingGossip = GossipSub & {
  heartbeat(): Promise<void>;
  reportMessageValidationResult(messageId: string, from: string, verdict: TopicValidatorResult): void;
};

/**
 * gossipsub as every agent sets it, not yet started. Apart from the node, so that the calibration of the simulator
 * runs the same class with the same settings (`test/calibration`). `heartbeatMs` is what it beats at by itself: an agent
 * adds what is needed (`heartbeats.ts`). Where `asyncValidation` is true, nothing is forwarded before it was judged
 * (`judging.ts`).
 */
export function createGossip(
  components: GossipSubComponents,
  topics: readonly string[],
  crypto: Crypto,
  heartbeatMs: number,
  asyncValidation = false,
): BeatingGossip {
  return gossipsub({
    allowedTopics: [...topics],
    globalSignaturePolicy: StrictNoSign,
    // Over everything, signature included: an id of a part would let a forged rest hide the true one.
    msgIdFn: (message) => crypto.sha256(message.data),
    idontwantMinDataSize: gossipAnnouncedBytesMin,
    D: 4,
    Dlo: 3,
    Dhi: 6,
    Dout: 1,
    Dlazy: 3,
    floodPublish: false,
    heartbeatInterval: heartbeatMs,
    asyncValidation,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    fallbackToFloodsub: false,
    tagMeshPeers: false,
    // Connections through a relay are limited ones.
    runOnLimitedConnection: true,
    maxInboundStreams: 4,
    maxOutboundStreams: 4,
    maxInboundDataLength: gossipRpcBytesMax,
    maxOutboundBufferSize: gossipOutboundBytesMax,
    // Peers of one host share an address: with its weight of −5, 14 of them had empty meshes (measured).
    scoreParams: {
      IPColocationFactorWeight: 0,
      // gossipsub's decay of a second, ten at a time: one wake-up a second less.
      decayInterval: 10_000,
      behaviourPenaltyDecay: 0.2 ** 10,
    },
  })(components) as BeatingGossip;
}
