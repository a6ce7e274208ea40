import { reportingMembers } from "@antibody/core";
import { type AuthorId, isRejection, type Root, type VerifiedPolicy, verifyPolicy } from "@antibody/policy";
import { modelCrypto } from "../identity/modelCrypto.ts";
import type { SimAgent } from "./agent.ts";

/** Results for one envelope. They depend on the root that the receiver holds of the author that is asked for. */
interface Verdicts {
  author: AuthorId | undefined;
  readonly byRoot: Map<Root | undefined, VerifiedPolicy | undefined>;
}

/** The border of every body: policy's own verification, once for each envelope and root, shared by all receivers. */
export class PolicyBorder {
  readonly #verdicts = new WeakMap<Uint8Array, Verdicts>();

  /** The verified policy, or undefined when the agent would not take it. */
  verify(agent: SimAgent, bytes: Uint8Array): VerifiedPolicy | undefined {
    const known = this.#verdicts.get(bytes);
    const verdicts: Verdicts = known ?? { author: undefined, byRoot: new Map() };
    if (known === undefined) this.#verdicts.set(bytes, verdicts);
    else {
      const root = rootOf(agent, verdicts.author);
      if (verdicts.byRoot.has(root)) return verdicts.byRoot.get(root);
    }
    const result = verifyPolicy(bytes, {
      crypto: modelCrypto,
      rootOf: (author) => {
        verdicts.author = author;
        return rootOf(agent, author);
      },
      // All agents are enrolled before a world begins, and know each other.
      memberOf: (of) => (agent.mind === undefined ? undefined : reportingMembers(agent.mind)(of)),
    });
    const policy = isRejection(result) ? undefined : result;
    verdicts.byRoot.set(rootOf(agent, verdicts.author), policy);
    return policy;
  }
}

function rootOf(agent: SimAgent, author: AuthorId | undefined): Root | undefined {
  return author === undefined ? undefined : agent.mind?.rootOf(author);
}
