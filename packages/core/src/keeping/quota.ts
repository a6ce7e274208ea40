import type { AgentId, AuthorId, Grant, VerifiedPolicy } from "@antibody/policy";
import {
  authorRootsMax,
  policyIdsMax,
  rootIdsReserved,
  rootsPerIntroducerMax,
  strangersBytesMax,
  strangersIdsMax,
  ungrantedBytesMax,
} from "../limits.ts";
import { RareMap } from "./rare.ts";

/** Why an envelope is too much. */
export interface QuotaRefusal {
  readonly reason: "quota";
  readonly detail: string;
}

/** What is held of one author. Roots count apart, so that no document can keep out the root that revokes it. */
interface Room {
  documents: number;
  bytes: number;
  roots: number;
  rootBytes: number;
}

const emptyRoom: Room = { documents: 0, bytes: 0, roots: 0, rootBytes: 0 };

/** Who takes how much room: what is held of each author, and authors introduced by each peer. */
export class PolicyQuota {
  readonly #rooms = new Map<AuthorId, Room>();
  readonly #introducers = new RareMap<AuthorId, AgentId | "owner">();
  #ids = 0;

  introducerOf(author: AuthorId): AgentId | "owner" | undefined {
    return this.#introducers.get(author);
  }

  add(policy: VerifiedPolicy, from: AgentId | "owner" | undefined): void {
    this.#change(policy, 1);
    if (policy.type === "root" && from !== undefined && !this.#introducers.has(policy.author)) {
      this.#introducers.set(policy.author, from);
    }
  }

  remove(policy: VerifiedPolicy): void {
    this.#change(policy, -1);
  }

  /** Why an envelope is too much; undefined when there is room. */
  refusalOf(
    policy: VerifiedPolicy,
    from: AgentId | "owner",
    grants: ReadonlyMap<AuthorId, Grant>,
  ): QuotaRefusal | undefined {
    const grant = grants.get(policy.author);
    const { roots, bytes } = this.#rooms.get(policy.author) ?? emptyRoom;
    const isTrusted = grant !== undefined || from === "owner";
    const idsMax = policy.type === "root" && isTrusted ? policyIdsMax : policyIdsMax - rootIdsReserved;
    if (this.#ids >= idsMax) return refuse(`this agent holds ${this.#ids} envelopes already`);
    if (policy.type === "root") {
      if (roots >= authorRootsMax) return refuse(`${roots} roots of this author are held already`);
    } else if (from !== "owner") {
      // Room for the generation in force and for the one that arrives.
      const bytesMax = grant === undefined ? ungrantedBytesMax : 2 * grant.bytesMax;
      const next = bytes + policy.bytes.length;
      if (next > bytesMax) return refuse(`${next} bytes of this author, at most ${bytesMax} are kept`);
    }
    if (isTrusted) return undefined;
    return this.#strangersRefusal(policy, grants) ?? this.#introductionRefusal(policy, from);
  }

  /** What all authors without a grant take together is bounded: a peer can make as many authors as it likes. */
  #strangersRefusal(policy: VerifiedPolicy, grants: ReadonlyMap<AuthorId, Grant>): QuotaRefusal | undefined {
    let ids = 0;
    let sum = policy.bytes.length;
    for (const [author, { documents, bytes, roots, rootBytes }] of this.#rooms) {
      if (grants.has(author)) continue;
      ids += documents + roots;
      sum += bytes + rootBytes;
    }
    if (ids < strangersIdsMax && sum <= strangersBytesMax) return undefined;
    return refuse(`${ids} envelopes of authors without a grant are held already`);
  }

  #introductionRefusal(policy: VerifiedPolicy, from: AgentId | "owner"): QuotaRefusal | undefined {
    if (policy.type !== "root" || this.#introducers.has(policy.author)) return undefined;
    let introduced = 0;
    for (const introducer of this.#introducers.values()) if (introducer === from) introduced += 1;
    if (introduced < rootsPerIntroducerMax) return undefined;
    return refuse(`${from} introduced ${introduced} authors already`);
  }

  #change({ type, author, bytes }: VerifiedPolicy, sign: 1 | -1): void {
    const room = this.#rooms.get(author) ?? emptyRoom;
    const isRoot = type === "root";
    this.#ids += sign;
    this.#rooms.set(author, {
      documents: room.documents + (isRoot ? 0 : sign),
      bytes: room.bytes + (isRoot ? 0 : sign * bytes.length),
      roots: room.roots + (isRoot ? sign : 0),
      rootBytes: room.rootBytes + (isRoot ? sign * bytes.length : 0),
    });
  }
}

function refuse(detail: string): QuotaRefusal {
  return { reason: "quota", detail };
}
