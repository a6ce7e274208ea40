import type { GossipsubMessage, TopicValidatorResult } from "@libp2p/gossipsub";
import { messageOf } from "../../state/stateError.ts";
import { gossipUnjudgedMax } from "../limits.ts";
import type { BeatingGossip } from "./createGossip.ts";

/** What judging stands on. */
type JudgedGossip = Pick<
  BeatingGossip,
  "addEventListener" | "removeEventListener" | "reportMessageValidationResult"
>;

/**
 * Judges what gossip brings when all that lay in the sockets has been read, and lets it be forwarded then. Who has sent
 * another copy meanwhile is sent none: a processor that many agents share finds most copies waiting.
 */
export class Judging {
  readonly #gossip: JudgedGossip;
  readonly #judge: (message: GossipsubMessage) => TopicValidatorResult;
  readonly #failed: (detail: string) => void;
  #waiting: GossipsubMessage[] = [];
  readonly #heard = ({ detail }: CustomEvent<GossipsubMessage>): void => this.#hear(detail);

  constructor(
    gossip: JudgedGossip,
    judge: (message: GossipsubMessage) => TopicValidatorResult,
    failed: (detail: string) => void,
  ) {
    this.#gossip = gossip;
    this.#judge = judge;
    this.#failed = failed;
  }

  start(): void {
    this.#gossip.addEventListener("gossipsub:message", this.#heard);
  }

  /** What waits is not judged any more. */
  stop(): void {
    this.#gossip.removeEventListener("gossipsub:message", this.#heard);
    this.#waiting = [];
  }

  #hear(message: GossipsubMessage): void {
    this.#waiting.push(message);
    if (this.#waiting.length === 1) setImmediate(() => this.#judgeAll());
    if (this.#waiting.length >= gossipUnjudgedMax) this.#judgeAll();
  }

  #judgeAll(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const message of waiting) {
      try {
        const { msgId, propagationSource } = message;
        this.#gossip.reportMessageValidationResult(msgId, propagationSource.toString(), this.#judge(message));
      } catch (error) {
        this.#failed(`could not judge a message: ${messageOf(error)}`);
      }
    }
  }
}
