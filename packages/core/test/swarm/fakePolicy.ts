import type { VerifiedPolicy } from "@antibody/policy";
import type { PolicyHolding } from "../../src/contract/knowledge.ts";

/** Documents that are named by a text: what the swarm needs of policy. */
export class FakePolicy implements PolicyHolding {
  readonly ids = new Set<string>();
  digest(): string {
    return [...this.ids].sort().join("+") || "none";
  }
  heads(): ReturnType<PolicyHolding["heads"]> {
    return { ids: [...this.ids].sort(), streams: [] };
  }
  wantedFrom(theirs: ReturnType<PolicyHolding["heads"]>): readonly string[] {
    return theirs.ids.filter((id) => !this.ids.has(id));
  }
  lackedBy(theirs: ReturnType<PolicyHolding["heads"]>): readonly string[] {
    return [...this.ids].sort().filter((id) => !theirs.ids.includes(id));
  }
  take(ids: readonly string[]): readonly VerifiedPolicy[] {
    return ids
      .filter((id) => this.ids.has(id))
      .map((id) => ({ id, bytes: new Uint8Array(100) }) as unknown as VerifiedPolicy);
  }
}
