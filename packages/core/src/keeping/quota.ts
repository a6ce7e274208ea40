import type { AgentId, AuthorId, VerifiedPolicy } from "@antibody/policy";
import type { JournalRecord } from "../contract/output.ts";
import {
  authorRootsMax,
  ownerWordsBytesMax,
  policyIdsMax,
  rootIdsReserved,
  rootsPerIntroducerMax,
  strangersBytesMax,
  strangersIdsMax,
  ungrantedBytesMax,
} from "../limits.ts";
import { RareMap } from "./rare.ts";
import { keep, recall } from "./snapshot.ts";

const introducedPrefix = "introduced/";

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

/** Whom the owner accepts, and how much room each has. */
export interface Accepted {
  /** Bytes of one generation that the grants of an author allow; undefined where it has none. */
  bytesMaxOf(author: AuthorId): number | undefined;
  /** Whether an owner's key is the one that this device obeys. */
  obeys(owner: string): boolean;
}

/** Whose room a document takes: its author's, or, of a word about an author, the owner's who gave it. */
type Holder = AuthorId | `owner:${string}`;

/** Who takes how much room: what is held of each author, and authors introduced by each peer. */
export class PolicyQuota {
  #rooms: RareMap<Holder, Room> = RareMap.of();
  #introducers: RareMap<AuthorId, AgentId | "owner"> = RareMap.of();
  #ids = 0;

  introducerOf(author: AuthorId): AgentId | "owner" | undefined {
    return this.#introducers.get(author);
  }

  /** Who introduced whom, for dumps. */
  introducers(): readonly (readonly [AuthorId, AgentId | "owner"])[] {
    return [...this.#introducers];
  }

  restoreIntroducers(introducers: readonly (readonly [AuthorId, AgentId | "owner"])[]): void {
    for (const [author, by] of introducers) this.#introducers = this.#introducers.with(author, by);
  }

  /** What the journal holds of introductions: a restart makes no room for more. */
  read(records: readonly JournalRecord[]): void {
    for (const { key, value } of records) {
      if (!key.startsWith(introducedPrefix)) continue;
      this.#introducers = this.#introducers.with(
        key.slice(introducedPrefix.length) as AuthorId,
        recall<{ by: AgentId | "owner" }>(value).by,
      );
    }
  }

  /** The record of who brought the root that came just now; none for another document. */
  introductionOf({ type, author }: VerifiedPolicy): readonly JournalRecord[] {
    const by = this.#introducers.get(author);
    if (type !== "root" || by === undefined) return [];
    return [{ key: `${introducedPrefix}${author}`, value: keep({ v: 1, by }) }];
  }

  add(policy: VerifiedPolicy, from: AgentId | "owner" | undefined): void {
    this.#change(policy, 1);
    if (policy.type === "root" && from !== undefined && !this.#introducers.has(policy.author)) {
      this.#introducers = this.#introducers.with(policy.author, from);
    }
  }

  remove(policy: VerifiedPolicy): void {
    this.#change(policy, -1);
  }

  /**
   * Why an envelope is too much; undefined when there is room. `generations` of an author find room: the one in force
   * and the one that arrives, and where one is on trial the one before as well.
   */
  refusalOf(
    policy: VerifiedPolicy,
    from: AgentId | "owner",
    accepted: Accepted,
    generations: number,
  ): QuotaRefusal | undefined {
    const bytesMaxGranted = boundOf(holderOf(policy), accepted);
    const { roots, bytes } = this.#rooms.get(holderOf(policy)) ?? emptyRoom;
    const isTrusted = bytesMaxGranted !== undefined || from === "owner";
    const isTrust = policy.type === "root" || policy.type === "owner";
    const idsMax = isTrust && isTrusted ? policyIdsMax : policyIdsMax - rootIdsReserved;
    if (this.#ids >= idsMax) return refuse(`this agent holds ${this.#ids} envelopes already`);
    if (policy.type === "root") {
      if (roots >= authorRootsMax) return refuse(`${roots} roots of this author are held already`);
    } else if (from !== "owner") {
      const bytesMax = bytesMaxGranted === undefined ? ungrantedBytesMax : generations * bytesMaxGranted;
      const next = bytes + policy.bytes.length;
      if (next > bytesMax) return refuse(`${next} bytes of this author, at most ${bytesMax} are kept`);
    }
    if (isTrusted) return undefined;
    return this.#strangersRefusal(policy, accepted) ?? this.#introductionRefusal(policy, from);
  }

  /** What all authors without a grant take together is bounded: a peer can make as many authors as it likes. */
  #strangersRefusal(policy: VerifiedPolicy, accepted: Accepted): QuotaRefusal | undefined {
    let ids = 0;
    let sum = policy.bytes.length;
    for (const [holder, { documents, bytes, roots, rootBytes }] of this.#rooms) {
      if (boundOf(holder, accepted) !== undefined) continue;
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

  #change(policy: VerifiedPolicy, sign: 1 | -1): void {
    const holder = holderOf(policy);
    const room = this.#rooms.get(holder) ?? emptyRoom;
    const isRoot = policy.type === "root";
    const length = policy.bytes.length;
    this.#ids += sign;
    this.#rooms = this.#rooms.with(holder, {
      documents: room.documents + (isRoot ? 0 : sign),
      bytes: room.bytes + (isRoot ? 0 : sign * length),
      roots: room.roots + (isRoot ? sign : 0),
      rootBytes: room.rootBytes + (isRoot ? sign * length : 0),
    });
  }
}

/** An owner's words must not take the room of the author that they speak of: anybody can be an owner. */
function holderOf(policy: VerifiedPolicy): Holder {
  return policy.type === "owner" ? `owner:${policy.word.owner}` : policy.author;
}

/** Bytes of one generation that a holder may take; undefined for strangers. */
function boundOf(holder: Holder, accepted: Accepted): number | undefined {
  if (!holder.startsWith("owner:")) return accepted.bytesMaxOf(holder as AuthorId);
  return accepted.obeys(holder.slice("owner:".length)) ? ownerWordsBytesMax : undefined;
}

function refuse(detail: string): QuotaRefusal {
  return { reason: "quota", detail };
}
