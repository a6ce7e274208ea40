import type {
  Input,
  Inspection,
  Member,
  Now,
  Outline,
  Output,
  PeerMessage,
  StepResult,
  VerifiedCertificate,
} from "@antibody/core";
import { type AgentId, type AuthorId, type Root, toHex } from "@antibody/policy";
import type { Habit } from "../scenarios/step.ts";
import type { SimMind } from "../world/agent.ts";
import type { Hand } from "./hand.ts";

/** An honest mind in the wrong hand: it does what it always does, and what it says is bent. */
export class BentMind implements SimMind {
  readonly #mind: SimMind;
  readonly #hand: Hand;
  readonly #habits: ReadonlySet<Habit>;

  constructor(mind: SimMind, hand: Hand, habits: ReadonlySet<Habit>) {
    this.#mind = mind;
    this.#hand = hand;
    this.#habits = habits;
  }

  step(input: Input, now: Now): StepResult {
    this.#hand.listen(input);
    const { outputs, wakeAt } = this.#mind.step(input, now);
    return { outputs: outputs.flatMap((output) => this.#bent(output) ?? []), wakeAt };
  }

  inspect(now: Now): Inspection {
    return this.#mind.inspect(now);
  }

  outline(now: Now): Outline {
    return this.#mind.outline(now);
  }

  ownMember(): Member | undefined {
    return this.#mind.ownMember();
  }

  rootOf(author: AuthorId): Root | undefined {
    return this.#mind.rootOf(author);
  }

  certificateOf(agent: AgentId): VerifiedCertificate | undefined {
    return this.#mind.certificateOf(agent);
  }

  /** The output as the hand lets it pass; undefined where it does not. */
  #bent(output: Output): Output | undefined {
    if (output.type === "publishRumor") {
      return output.rumor.type === "deaths" && this.#habits.has("withholdVotes") ? undefined : output;
    }
    if (output.type !== "send") return output;
    const message = this.#bentMessage(output.message);
    return message === undefined ? undefined : { ...output, message };
  }

  #bentMessage(message: PeerMessage): PeerMessage | undefined {
    switch (message.type) {
      case "votes":
      case "deaths":
        return this.#habits.has("withholdVotes") ? undefined : message;
      case "probeReport":
        return this.#habits.has("lieForOthers") ? { ...message, answered: !message.answered } : message;
      case "probe":
      case "ack":
        return this.#habits.has("lieAboutDigests") ? this.#withFalseDigests(message) : message;
      default:
        return message;
    }
  }

  #withFalseDigests(message: Extract<PeerMessage, { readonly type: "probe" | "ack" }>): PeerMessage {
    const { random } = this.#hand;
    const digest = (): string => toHex(Uint8Array.from({ length: 8 }, () => random.below(256)));
    return { ...message, digests: { members: digest(), policy: digest() } };
  }
}
