import { type Crypto, compareText, type VerifiedPolicy } from "@antibody/policy";
import type { PolicyHolding } from "../contract/knowledge.ts";
import type { PolicyHeads } from "../contract/messages.ts";
import { digestOfIds } from "../keeping/heads.ts";
import { policyIdsMax } from "../limits.ts";
import type { Reports } from "./reports.ts";

/** What anti-entropy compares: the authors' documents, and what members say of them. */
export class Holding implements PolicyHolding {
  readonly #documents: PolicyHolding;
  readonly #reports: Reports;
  readonly #crypto: Crypto;
  #compared:
    | { readonly documents: string; readonly ids: readonly string[]; readonly digest: string }
    | undefined;

  #digest: string | undefined;

  constructor(documents: PolicyHolding, reports: Reports, crypto: Crypto) {
    this.#documents = documents;
    this.#reports = reports;
    this.#crypto = crypto;
  }

  /** Something was given to policy or to reports: what they hold may be another. */
  changed(): void {
    this.#digest = undefined;
  }

  digest(): string {
    // Asked for at every other step of a mind, in which none of it has changed.
    this.#digest ??= this.#reckon();
    return this.#digest;
  }

  #reckon(): string {
    const documents = this.#documents.digest();
    const ids = this.#reports.compared;
    if (ids.length === 0) return documents;
    if (this.#compared?.documents !== documents || this.#compared.ids !== ids) {
      this.#compared = { documents, ids, digest: digestOfIds([documents, ...ids], this.#crypto) };
    }
    return this.#compared.digest;
  }

  heads(): PolicyHeads {
    const heads = this.#documents.heads();
    const { ids } = this.#reports;
    return ids.length === 0 ? heads : { ...heads, ids: [...heads.ids, ...ids].sort(compareText) };
  }

  wantedFrom(theirs: PolicyHeads): readonly string[] {
    return this.#documents.wantedFrom(theirs).filter((id) => !this.#reports.isSettled(id));
  }

  lackedBy(theirs: PolicyHeads): readonly string[] {
    const lacked = this.#documents.lackedBy(theirs);
    const { ids } = this.#reports;
    if (ids.length === 0) return lacked;
    const there = new Set(theirs.ids);
    return [...lacked, ...ids.filter((id) => !there.has(id))].slice(0, policyIdsMax);
  }

  /** Reports last: what they are about comes before them. */
  take(ids: readonly string[]): readonly VerifiedPolicy[] {
    const reports = [...new Set(ids)].flatMap((id) => this.#reports.get(id)?.report ?? []);
    return [...this.#documents.take(ids), ...reports.sort((left, right) => compareText(left.id, right.id))];
  }
}
