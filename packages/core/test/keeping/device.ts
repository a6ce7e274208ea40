import {
  type AgentId,
  type AuthorId,
  compareText,
  type Grant,
  isRejection,
  makeId,
  type RejectionReason,
  type VerifiedPolicy,
  verifyPolicy,
} from "@antibody/policy";
import type { Output } from "../../src/contract/output.ts";
import type { Snapshot } from "../../src/contract/snapshot.ts";
import type { Now } from "../../src/contract/time.ts";
import type { Turn } from "../../src/contract/turn.ts";
import { PolicyKeeping, type PolicyKeepingOptions } from "../../src/keeping/policies.ts";
import { Random } from "../../src/random.ts";
import { resourceTypes } from "../../src/resources/index.ts";
import { ownerHex, quickCrypto } from "./quickKeys.ts";

/** 2026-01-01: a clock that may be trusted. */
export const wallMs = 1_767_225_600_000;

const peer: AgentId = makeId("agent", new Uint8Array(32).fill(9));

const deviceOptions: PolicyKeepingOptions = {
  crypto: quickCrypto,
  contexts: { arch: "x64", hostname: "h", name: "n", os: "linux", tags: [] },
  resourceTypes,
  protectedResources: [],
  owner: ownerHex,
};

/** A device with nothing but its policy: border, store and journal. */
export class Device {
  #policies: PolicyKeeping;
  readonly #journal = new Map<string, Snapshot>();
  readonly #verified = new Map<string, VerifiedPolicy>();
  readonly outputs: Output[] = [];
  readonly #options: PolicyKeepingOptions;
  now: Now = { monoMs: 0, wallMs };

  constructor(grants: readonly Grant[], changes: Partial<PolicyKeepingOptions> = {}) {
    this.#options = { ...deviceOptions, ...changes };
    this.#policies = PolicyKeeping.create(this.#options, { records: [], members: [], policies: [] });
    this.#policies.start(this.#turn());
    for (const grant of grants) this.grant(grant);
  }

  grant(grant: Grant): void {
    this.#policies.grant(grant, this.#turn());
  }

  /** Lets time pass, and wakes the store as its mind does. */
  wait(ms: number): void {
    this.now = { monoMs: this.now.monoMs + ms, wallMs: this.now.wallMs + ms };
    this.#policies.wake(this.#turn());
  }

  /** Names and reasons of what was told so far. */
  told(): readonly string[] {
    return this.outputs.flatMap((output) =>
      output.type === "tell" ? [`${output.event.name} ${output.event.fields["reason"] ?? ""}`.trim()] : [],
    );
  }

  get policies(): PolicyKeeping {
    return this.#policies;
  }

  /** What the network's border does with bytes, and then the mind. Says why they were not let in. */
  hear(bytes: Uint8Array): RejectionReason | undefined {
    const policy = verifyPolicy(bytes, {
      crypto: quickCrypto,
      rootOf: (id) => this.#policies.rootOf(id),
      newestRoots: (id) => this.#policies.newestRoots(id),
      rootWithDigest: (id, digest) => this.#policies.rootWithDigest(id, digest),
    });
    if (isRejection(policy)) return policy.reason;
    this.#verified.set(policy.id, policy);
    this.#policies.accept(policy, peer, this.#turn());
    return undefined;
  }

  /** Loses power: what the journal holds is what is left, but for what is damaged in it. */
  restart(isDamaged: (key: string) => boolean = () => false): void {
    const records = [...this.#journal]
      .map(([key, value]) => ({ key, value }))
      .filter(({ key }) => !isDamaged(key));
    const held = (prefix: string): VerifiedPolicy[] =>
      records
        .filter(({ key }) => key.startsWith(prefix))
        .map(({ key }) => this.#verified.get(key.slice(prefix.length)) as VerifiedPolicy)
        .sort((left, right) => rootNumber(left) - rootNumber(right) || compareText(left.id, right.id));
    const rest = records.filter(({ key }) => !/^(policy|evidence)\//.test(key));
    const [policies, evidence] = [held("policy/"), held("evidence/")];
    this.#policies = PolicyKeeping.create(this.#options, {
      records: rest,
      members: [],
      policies,
      evidence,
    });
    this.#policies.start(this.#turn());
  }

  /** Goes on from a dump, in another process. */
  move(): void {
    this.#policies = PolicyKeeping.restore(this.#options, structuredClone(this.#policies.dump()));
  }

  /** One round of anti-entropy, led from here. True when something came or went. */
  exchange(other: Device): boolean {
    const before = `${this.policies.digest()} ${other.policies.digest()}`;
    const wanted = this.policies.wantedFrom(other.policies.heads());
    for (const { bytes } of other.policies.take(wanted)) this.hear(bytes);
    const lacked = this.policies.lackedBy(other.policies.heads());
    for (const { bytes } of this.policies.take(lacked)) other.hear(bytes);
    return `${this.policies.digest()} ${other.policies.digest()}` !== before;
  }

  /** What is in force: the resource, its promise and its author, unless another device freezes it for a dispute. */
  inForceBut(other: Device): unknown {
    const { frozen } = other.policies.current;
    return [...this.#policies.current.promises.values()]
      .filter(({ resource }) => !frozen.has(resource))
      .map(({ resource, promise, author: by }) => [resource, promise, by]);
  }

  /**
   * Who is in dispute, which generation of each other stream is in force, and whom the owner accepts: the same on all
   * devices in the end.
   */
  summary(): unknown {
    const { streams: states } = this.#policies.current;
    // Of an author with two roots of one number nothing is in force anywhere. What one of them revoked may be dropped
    // here and not there, by what came first: only what is superseded is ever dropped.
    const forked = this.#policies.inspect().authors.flatMap((each) => (each.isForked ? [each.author] : []));
    return {
      forked,
      streams: states
        .filter(({ held, author: by }) => held !== "noGrant" && !forked.includes(by))
        .map(({ author: by, stream, active, held }) => ({
          by,
          stream,
          held,
          version: held === undefined ? active?.version : undefined,
        }))
        .filter(({ held, version }) => held !== undefined || version !== undefined),
      grants: this.#policies.grants,
    };
  }

  #turn(): Turn {
    return {
      now: this.now,
      random: Random.fromSeed(1),
      emit: (output) => {
        this.outputs.push(output);
        if (output.type !== "persist") return;
        for (const { key, value } of output.records) {
          if (value === null) this.#journal.delete(key);
          else this.#journal.set(key, value);
        }
      },
      tell: (name, level, fields) => this.outputs.push({ type: "tell", event: { name, level, fields } }),
    };
  }
}

function rootNumber(policy: VerifiedPolicy): number {
  return policy.type === "root" ? policy.root.number : Number.POSITIVE_INFINITY;
}

/** Lets devices exchange what they hold until nothing changes; throws where that has no end. */
export function settle(devices: readonly Device[]): void {
  for (let round = 0; round < 50; round += 1) {
    let hasChanged = false;
    for (const one of devices) {
      for (const other of devices) if (one !== other && one.exchange(other)) hasChanged = true;
    }
    if (!hasChanged) return;
  }
  throw new Error("the devices do not settle");
}

/** A grant of everything, as the owner gives it on each of these devices. */
export function grantAll(to: AuthorId, rank: number): Grant {
  return { author: to, scope: ["**"], rank, mode: "enforce", powers: [], bytesMax: 1_000_000 };
}
