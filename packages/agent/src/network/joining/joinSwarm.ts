import { randomBytes } from "node:crypto";
import {
  type Entry,
  type Member,
  sealEntry,
  type VerifiedCertificate,
  type VerifiedCharter,
  verifyChain,
  verifyCharter,
  verifyMember,
} from "@antibody/core";
import { type Crypto, equalBytes, isRejection, type Rejection, type Signer, shortId } from "@antibody/policy";
import type { Connection, Stream } from "@libp2p/interface";
import { type LengthPrefixedStream, lpStream } from "@libp2p/utils";
import { libp2pKey } from "../identity.ts";
import { joinAnswerBytesMax, joinTimeoutMs } from "../limits.ts";
import { createNode, type NetworkNode } from "../node.ts";
import { Relaying } from "../relay/relaying.ts";
import { type Invite, parseInviteCode } from "./inviteCode.ts";
import { reachInviter } from "./inviter.ts";
import {
  decodeJoinAnswer,
  decodeJoinChallenge,
  encodeJoinEntry,
  encodeJoinRequest,
  encodeJoinReveal,
  isJoinWelcome,
  type JoinRefusal,
  type JoinRefused,
  joinNonceBytes,
  joinProtocol,
  nonceCommitment,
  shortAuthenticationString,
} from "./joinWire.ts";

/** Why a join failed. */
export type JoinErrorCode = JoinRefusal | "badCode" | "unreachable" | "closed" | "broken" | "forged";

/** A join that failed. `message` says why, `next` what to do. */
export class JoinError extends Error {
  override readonly name = "JoinError";
  readonly code: JoinErrorCode;
  readonly next: string;

  constructor(code: JoinErrorCode, message: string, next: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.next = next;
  }
}

/** Who joins, and with which code. */
export interface JoinOptions {
  readonly code: string;
  /** The joiner's new key. */
  readonly key: Signer & { readonly seed: Uint8Array };
  /** What the agent will be called; unique in the swarm. */
  readonly name: string;
  readonly crypto: Crypto;
  /** Version of the build, told to peers. */
  readonly build: string;
  /** Whether the inviter is looked for on the LAN by mDNS as well; yes where nothing is said. */
  readonly mdns?: boolean;
  /** The whole join. Default: `joinTimeoutMs`. */
  readonly timeoutMs?: number;
}

/** What a joiner keeps: it is a member now. */
export interface Joined {
  readonly charter: VerifiedCharter;
  readonly certificate: VerifiedCertificate;
  /** Members to dial first, verified; the inviter is the first. */
  readonly members: readonly Member[];
  /** Six digits that the inviter shows as well. */
  readonly sas: string;
}

const newInvite = "Ask for a new one on the other device: antibody invite";
const againOrNew = "Try again in some seconds; then ask for a new one on the other device: antibody invite";

const refusals: { readonly [reason in JoinRefusal]: readonly [message: string, next: string] } = {
  expired: ["the invite has expired", newInvite],
  used: ["the invite was already used by another device", newInvite],
  unknown: ["the inviter does not know this invite: it may have restarted since", newInvite],
  wrongSwarm: ["the inviter belongs to another swarm now", newInvite],
  nameTaken: ["another member has this name", "Join under another name: antibody join CODE --name NAME"],
  badName: ["this is not a name: 1 to 64 bytes of plain text", "Join under another name"],
  tooOften: ["the invite was tried too often", newInvite],
  mayNotInvite: ["the inviter may not invite", "Ask a member that may: antibody peers"],
  busy: ["the inviter is busy", "Try again in a few seconds"],
};

/** Joins a swarm over a temporary node, which is gone when this returns. Rejects with a JoinError. */
export async function joinSwarm(options: JoinOptions): Promise<Joined> {
  const invite = parseInviteCode(options.code, options.crypto);
  if (isRejection(invite)) throw new JoinError("badCode", invite.detail, "Copy the whole code again");
  const signal = AbortSignal.timeout(options.timeoutMs ?? joinTimeoutMs);
  const node = await createJoiner(options);
  await node.libp2p.start();
  try {
    return await askInviter(await connect(node, invite, options, signal), invite, options, signal);
  } catch (error) {
    if (error instanceof JoinError) throw error;
    throw broken(error);
  } finally {
    await node.libp2p.stop();
  }
}

/** A node that only dials, also through a relay, and serves nobody. */
async function createJoiner({ key }: JoinOptions): Promise<NetworkNode> {
  const relaying = new Relaying({
    guard: () => (stream) => stream.abort(new Error("Not enrolled")),
    directTo: (peer) => node.libp2p.getConnections(peer)[0],
    extend: () => undefined,
  });
  const node: NetworkNode = await createNode({ privateKey: libp2pKey(key), listen: [], relaying });
  return node;
}

async function connect(
  node: NetworkNode,
  invite: Invite,
  options: JoinOptions,
  signal: AbortSignal,
): Promise<Connection> {
  const reached = await reachInviter(node, invite, options, signal);
  if (reached.type === "connection") return reached.connection;
  const tried = invite.addresses.length === 0 ? "no address in the code" : invite.addresses.join(", ");
  throw new JoinError(
    "unreachable",
    `the inviter cannot be reached (${reached.detail}); tried: ${tried}`,
    "See that its agent runs (antibody status), that both are in one network, and that the invite has not expired",
  );
}

async function askInviter(
  connection: Connection,
  invite: Invite,
  options: JoinOptions,
  signal: AbortSignal,
): Promise<Joined> {
  const { crypto, key, name } = options;
  const { swarm, inviter, secret } = invite;
  const joinerNonce = randomBytes(joinNonceBytes);
  const commitment = nonceCommitment(crypto, joinerNonce);
  const request = encodeJoinRequest({ swarm, secret, name, commitment });
  const { wire, first } = await firstAnswer(connection, request, signal);
  const challenge = accepted(decodeJoinChallenge(first));
  await wire.write(encodeJoinReveal(joinerNonce), { signal });
  const answer = accepted(decodeJoinAnswer((await wire.read({ signal })).slice()));
  const charter = checkCharter(answer.charter, invite, crypto);
  const certificate = checkChain(answer.chain, charter, options);
  await wire.write(encodeJoinEntry(firstEntry(certificate, options)), { signal });
  if (!isJoinWelcome((await wire.read({ signal })).slice())) throw broken("no welcome");
  await wire.unwrap().close({ signal });
  const members = answer.members.flatMap((wireMember): readonly Member[] => {
    const member = verifyMember(wireMember, charter, crypto);
    return isRejection(member) ? [] : [member];
  });
  const seen = { swarm, inviter, joiner: key.publicKey, secret, inviterNonce: challenge.nonce, joinerNonce };
  const sas = shortAuthenticationString(crypto, seen);
  return { charter, certificate, members, sas };
}

/** An answer that is neither malformed nor a refusal. */
function accepted<Answer extends { readonly type: string }>(
  answer: Answer | JoinRefused | Rejection,
): Exclude<Answer, JoinRefused> {
  if (isRejection(answer)) throw new JoinError("forged", answer.detail, newInvite);
  if (isRefused(answer)) throw new JoinError(answer.reason, ...refusals[answer.reason]);
  return answer as Exclude<Answer, JoinRefused>;
}

function isRefused(answer: { readonly type: string }): answer is JoinRefused {
  return answer.type === "refused";
}

/** Asks, and reads the answer: an inviter that expects nobody, or is asked too often, resets the stream. */
async function firstAnswer(
  connection: Connection,
  request: Uint8Array,
  signal: AbortSignal,
): Promise<{ readonly wire: LengthPrefixedStream<Stream>; readonly first: Uint8Array }> {
  try {
    const stream = await connection.newStream(joinProtocol, { signal, runOnLimitedConnection: true });
    const wire = lpStream(stream, { maxDataLength: joinAnswerBytesMax });
    await wire.write(request, { signal });
    return { wire, first: (await wire.read({ signal })).slice() };
  } catch (error) {
    if (signal.aborted) throw broken(error);
    throw new JoinError(
      "closed",
      "the inviter has no invite open, or was asked too often",
      againOrNew,
      error,
    );
  }
}

function checkCharter(bytes: Uint8Array, invite: Invite, crypto: Crypto): VerifiedCharter {
  const charter = verifyCharter(bytes, crypto);
  if (isRejection(charter)) throw new JoinError("forged", charter.detail, newInvite);
  if (charter.swarm === invite.swarm) return charter;
  const message = `the inviter answers with the charter of ${shortId(charter.swarm)}, the code is for ${shortId(invite.swarm)}`;
  throw new JoinError("wrongSwarm", message, newInvite);
}

function checkChain(
  chain: readonly Uint8Array[],
  charter: VerifiedCharter,
  options: JoinOptions,
): VerifiedCertificate {
  const certificate = verifyChain(chain, charter, options.crypto);
  if (isRejection(certificate)) throw new JoinError("forged", certificate.detail, newInvite);
  const { certificate: own, publicKey } = certificate;
  if (equalBytes(publicKey, options.key.publicKey) && own.name === options.name) return certificate;
  throw new JoinError("forged", "the certificate is of another key or name", newInvite);
}

/** What the new member says of itself before it runs: enrolled, and not there. */
function firstEntry(certificate: VerifiedCertificate, options: JoinOptions): Uint8Array {
  const entry: Entry = {
    v: 1,
    type: "entry",
    swarm: certificate.certificate.swarm,
    agent: certificate.agent,
    // Boots count from 1: the first entry of the running agent supersedes this one.
    incarnation: [certificate.certificate.serial, 0, 0],
    status: "away",
    addresses: [],
    capabilities: [],
    build: options.build,
  };
  return sealEntry(entry, options.key);
}

function broken(cause: unknown): JoinError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new JoinError("broken", `the join broke off: ${message}`, "Try again with the same code", cause);
}
