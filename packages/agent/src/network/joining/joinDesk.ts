import { randomBytes } from "node:crypto";
import {
  type Certificate,
  type Knowledge,
  type Member,
  memberWire,
  sealCertificate,
  type VerifiedCertificate,
  type VerifiedCharter,
  verifyChain,
  verifyEntry,
} from "@antibody/core";
import { type AgentId, type Crypto, equalBytes, isRejection, type Signer, toHex } from "@antibody/policy";
import type { Connection, Stream, StreamHandler } from "@libp2p/interface";
import { type LengthPrefixedStream, lpStream } from "@libp2p/utils";
import { publicKeyOf } from "../identity.ts";
import { BoundedMap, HostRates } from "../limiter.ts";
import {
  helloHostsMax,
  invitesKeptMax,
  joinAnswerBytesMax,
  joinMembersMax,
  joinRequestBytesMax,
  joinsBurst,
  joinsMax,
  joinsPerHostMax,
  joinsPerSecond,
  joinsTotalBurst,
  joinsTotalPerSecond,
  joinTimeoutMs,
} from "../limits.ts";
import type { Gate } from "../sessions/gate.ts";
import { HostShares, hostOf } from "../sessions/newcomers.ts";
import type { InviteBook } from "./inviteBook.ts";
import {
  decodeJoinEntry,
  decodeJoinRequest,
  decodeJoinReveal,
  encodeJoinAnswer,
  encodeJoinChallenge,
  encodeJoinWelcome,
  type JoinAnswer,
  type JoinRefusal,
  type JoinRequest,
  joinNonceBytes,
  nonceCommitment,
  shortAuthenticationString,
} from "./joinWire.ts";

/** What the desk needs. */
export interface JoinDeskOptions {
  readonly crypto: Crypto;
  readonly signer: Signer;
  readonly charter: VerifiedCharter;
  /** The inviter's own certificate. */
  readonly certificate: VerifiedCertificate;
  readonly knowledge: Pick<Knowledge, "members" | "ownMember" | "certificateOf">;
  readonly book: InviteBook;
  readonly gate: Gate;
  /** A new member, the digits that its device shows as well, and whose place it takes. */
  enrolled(member: Member, sas: string, replaces: AgentId | undefined): void;
  /** A request that was refused, or broke off. */
  refused(detail: string): void;
}

/** Where who holds an invite becomes a member: an inviter's side of a join. */
export class JoinDesk {
  readonly #options: JoinDeskOptions;
  readonly #requests = new HostRates({
    perSecond: joinsPerSecond,
    burst: joinsBurst,
    totalPerSecond: joinsTotalPerSecond,
    totalBurst: joinsTotalBurst,
    hostsMax: helloHostsMax,
  });
  readonly #shares = new HostShares<Stream>(joinsPerHostMax);
  /** Names given out whose members the mind may not have heard of yet, with the key that holds them. */
  readonly #names = new BoundedMap<string>(invitesKeptMax);
  #running = 0;

  constructor(options: JoinDeskOptions) {
    this.#options = options;
  }

  /** Answers joiners while an invite is remembered; other streams are reset. */
  handler(): StreamHandler {
    return async (stream, connection) => {
      const host = hostOf(connection.remoteAddr);
      const isExpected = !this.#options.book.isEmpty() && this.#running < joinsMax;
      if (!isExpected || !this.#requests.take(host) || !this.#shares.take(host, stream)) {
        stream.abort(new Error("Nobody is expected"));
        return;
      }
      this.#running += 1;
      this.#options.gate.extend(connection, joinTimeoutMs);
      try {
        await this.#serve(stream, connection);
      } catch (error) {
        const cause = error instanceof Error ? error : new Error(String(error));
        this.#options.refused(`a join broke off: ${cause.message}`);
        stream.abort(cause);
      } finally {
        this.#running -= 1;
        this.#shares.release(host, stream);
      }
    };
  }

  async #serve(stream: Stream, connection: Connection): Promise<void> {
    const { charter, crypto, certificate: own } = this.#options;
    const signal = AbortSignal.timeout(joinTimeoutMs);
    const wire = lpStream(stream, { maxDataLength: joinRequestBytesMax });
    const key = publicKeyOf(connection.remotePeer);
    const request = decodeJoinRequest((await wire.read({ signal })).slice());
    if (isRejection(request)) throw new Error(request.detail);
    if (key === undefined) throw new Error("the joiner's key is not Ed25519");
    const inviterNonce = randomBytes(joinNonceBytes);
    const refuse = async (reason: JoinRefusal): Promise<void> => {
      this.#options.refused(`${request.name.slice(0, 64)} may not join: ${reason}`);
      await wire.write(encodeJoinAnswer({ type: "refused", reason }), { signal });
      await stream.close({ signal });
    };
    const joinerNonce = await this.#challenge(wire, request, key, inviterNonce, signal);
    if (typeof joinerNonce === "string") return refuse(joinerNonce);
    const chain = this.#admit(request, key);
    if (typeof chain === "string") return refuse(chain);
    await wire.write(encodeJoinAnswer(this.#acceptance(chain)), { signal });
    const member = this.#memberOf(chain, (await wire.read({ signal })).slice());
    const { swarm } = charter;
    const seen = { swarm, inviter: own.publicKey, joiner: key, secret: request.secret };
    const sas = shortAuthenticationString(crypto, { ...seen, inviterNonce, joinerNonce });
    const state = this.#options.book.state(this.#digestOf(request));
    this.#options.enrolled(member, sas, state.type === "used" ? state.replaces : undefined);
    await wire.write(encodeJoinWelcome(), { signal });
    await stream.close({ signal });
  }

  /** Exchanges nonces with a joiner: its own, or why it hears none. */
  async #challenge(
    wire: LengthPrefixedStream<Stream>,
    request: JoinRequest,
    key: Uint8Array,
    nonce: Uint8Array,
    signal: AbortSignal,
  ): Promise<Uint8Array | JoinRefusal> {
    const { book, crypto } = this.#options;
    const refusal = this.#refusal(request, key);
    if (refusal !== undefined) return refusal;
    if (!book.try(this.#digestOf(request))) return "tooOften";
    await wire.write(encodeJoinChallenge({ type: "challenge", nonce }), { signal });
    const revealed = decodeJoinReveal((await wire.read({ signal })).slice());
    if (isRejection(revealed)) throw new Error(revealed.detail);
    if (equalBytes(nonceCommitment(crypto, revealed), request.commitment)) return revealed;
    throw new Error("the joiner has revealed another nonce than it committed itself to");
  }

  /** The new member, by the first entry that it has sent. Throws when it is not what was issued. */
  #memberOf(chain: readonly Uint8Array[], sent: Uint8Array): Member {
    const { charter, crypto } = this.#options;
    const entryBytes = decodeJoinEntry(sent);
    if (isRejection(entryBytes)) throw new Error(entryBytes.detail);
    const certificate = verifyChain(chain, charter, crypto);
    if (isRejection(certificate)) throw new Error(`issued a bad certificate: ${certificate.detail}`);
    const entry = verifyEntry(entryBytes, certificate, crypto);
    if (isRejection(entry)) throw new Error(entry.detail);
    return { certificate, entry };
  }

  #digestOf(request: JoinRequest): string {
    return toHex(this.#options.crypto.sha256(request.secret));
  }

  /** Why a joiner is not taken in, or undefined. */
  #refusal(request: JoinRequest, key: Uint8Array): JoinRefusal | undefined {
    const { book, charter, certificate: own } = this.#options;
    if (request.swarm !== charter.swarm) return "wrongSwarm";
    const state = book.state(this.#digestOf(request));
    switch (state.type) {
      case "unknown":
      case "expired":
        return state.type;
      case "used":
        // The answer to the first time may have been lost on the way.
        return state.key === toHex(key) ? undefined : "used";
      case "open":
        if (!own.certificate.mayInvite) return "mayNotInvite";
        return this.#isTaken(request.name, key, state.replaces) ? "nameTaken" : undefined;
      default:
        throw new Error(`unknown state ${state satisfies never}`);
    }
  }

  /** The chain for a joiner, or why not. Nothing here waits: an invite is used once. */
  #admit(request: JoinRequest, key: Uint8Array): readonly Uint8Array[] | JoinRefusal {
    const { book, certificate: own } = this.#options;
    // Another joiner may have come first while the nonces were on their way.
    const refusal = this.#refusal(request, key);
    if (refusal !== undefined) return refusal;
    const secretDigest = this.#digestOf(request);
    const state = book.state(secretDigest);
    if (state.type === "used") return state.chain;
    if (state.type !== "open") throw new Error(`an invite that is ${state.type} was not refused`);
    const issued = this.#issue(request.name, key, state);
    if (issued === undefined) return "badName";
    const chain = [...own.chain, issued];
    book.use(secretDigest, toHex(key), chain);
    this.#names.set(request.name, toHex(key));
    return chain;
  }

  #isTaken(name: string, key: Uint8Array, replaces: AgentId | undefined): boolean {
    const replaced = replaces === undefined ? undefined : this.#options.knowledge.certificateOf(replaces);
    if (replaced?.certificate.name === name) return false;
    const given = this.#names.get(name);
    if (given !== undefined && given !== toHex(key)) return true;
    if (name === this.#options.certificate.certificate.name) return true;
    return this.#options.knowledge
      .members()
      .some(
        ({ certificate: { certificate } }) => certificate.name === name && certificate.key !== toHex(key),
      );
  }

  /** A certificate for a name, or undefined when the name is not one. */
  #issue(
    name: string,
    key: Uint8Array,
    { mayInvite, replaces }: { readonly mayInvite: boolean; readonly replaces: AgentId | undefined },
  ): Uint8Array | undefined {
    const { charter, signer, knowledge } = this.#options;
    const replaced = replaces === undefined ? undefined : knowledge.certificateOf(replaces);
    const certificate: Certificate = {
      v: 1,
      type: "certificate",
      swarm: charter.swarm,
      key: toHex(key),
      name,
      serial: (replaced?.certificate.serial ?? 0) + 1,
      // Chosen here, so that nobody chooses its own place on the rings.
      nonce: randomBytes(16).toString("hex"),
      mayInvite,
      inviter: toHex(signer.publicKey),
    };
    try {
      return sealCertificate(certificate, signer);
    } catch {
      // Everything but the name is ours: sealing throws because of the name alone.
      return undefined;
    }
  }

  #acceptance(chain: readonly Uint8Array[]): JoinAnswer {
    const { charter, knowledge } = this.#options;
    const own = knowledge.ownMember();
    const others = knowledge.members().filter(({ certificate, entry }) => {
      return entry.entry.addresses.length > 0 && certificate.agent !== own?.certificate.agent;
    });
    const members: ReturnType<typeof memberWire>[] = [];
    let bytes = 0;
    for (const member of [...(own === undefined ? [] : [own]), ...others].slice(0, joinMembersMax)) {
      const wire = memberWire(member);
      bytes += wire.entry.length + wire.chain.reduce((sum, link) => sum + link.length, 0) + 64;
      // Half of the bound is for the rest of the answer.
      if (bytes > joinAnswerBytesMax / 2) break;
      members.push(wire);
    }
    return { type: "accepted", charter: charter.bytes, chain, members };
  }
}
