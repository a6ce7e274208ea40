import { type AgentId, type Crypto, makeId, type Signer } from "@antibody/policy";
import { privateKeyFromRaw, publicKeyFromRaw } from "@libp2p/crypto/keys";
import type { PeerId, PrivateKey } from "@libp2p/interface";
import { peerIdFromPublicKey } from "@libp2p/peer-id";

/**
 * The agent's key as libp2p takes it: an agent's key is its identity there. With both halves: from the seed alone
 * libp2p would find the public one in plain JavaScript, in 35 ms of each start (measured).
 */
export function libp2pKey({
  seed,
  publicKey,
}: Pick<Signer, "publicKey"> & { readonly seed: Uint8Array }): PrivateKey {
  return privateKeyFromRaw(Uint8Array.of(...seed, ...publicKey));
}

/** The libp2p identity of an Ed25519 public key of 32 bytes. */
export function peerIdOf(publicKey: Uint8Array): PeerId {
  return peerIdFromPublicKey(publicKeyFromRaw(publicKey));
}

/** The 32 bytes of a peer's key, or undefined: only Ed25519 identities can be agents. */
export function publicKeyOf(peer: PeerId): Uint8Array | undefined {
  return peer.type === "Ed25519" ? peer.publicKey.raw : undefined;
}

/** The agent behind a libp2p identity, or undefined. */
export function agentOf(peer: PeerId, crypto: Crypto): AgentId | undefined {
  const key = publicKeyOf(peer);
  return key === undefined ? undefined : makeId("agent", crypto.sha256(key));
}
