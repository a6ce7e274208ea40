import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { addressCharactersMax } from "@antibody/core";
import { type AgentId, idDigest, makeId, type SwarmId } from "@antibody/policy";
import * as z from "zod/mini";
import { mdnsAddressesMax } from "../limits.ts";
import { decodeMap, encodeMap } from "../wire/cbor.ts";

/** What an agent says of itself on a LAN. A hint of where to dial, and nothing else: hello decides who is there. */
export interface Announcement {
  readonly agent: AgentId;
  /** Multiaddrs, without the peer id. */
  readonly addresses: readonly string[];
}

/** RFC 8439; the key is the swarm's, so a nonce of 12 random bytes repeats after 2^48 announcements. */
const cipher = "chacha20-poly1305";
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
const purpose = "antibody mdns 1";

const shape = z.object({
  type: z.literal("here"),
  agent: z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === keyBytes),
  addresses: z
    .array(z.string().check(z.maxLength(addressCharactersMax)))
    .check(z.minLength(1), z.maxLength(mdnsAddressesMax)),
});

/**
 * The key by which members read each other's announcements (HKDF, RFC 5869), from the digest of the charter. The
 * digest is known to members and to who holds an invite; to others an announcement says that somebody runs Antibody.
 */
export function announcementKey(swarm: SwarmId): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", idDigest(swarm) ?? new Uint8Array(), "", purpose, keyBytes));
}

/** Seals an announcement. Two of the same look unlike. */
export function sealAnnouncement({ agent, addresses }: Announcement, key: Uint8Array): Uint8Array {
  const nonce = randomBytes(nonceBytes);
  const sealing = createCipheriv(cipher, key, nonce, { authTagLength: tagBytes });
  const said = { type: "here", agent: idDigest(agent), addresses: addresses.slice(0, mdnsAddressesMax) };
  const sealed = [nonce, sealing.update(encodeMap(said)), sealing.final()];
  return new Uint8Array(Buffer.concat([...sealed, sealing.getAuthTag()]));
}

/** Opens what somebody on the LAN has sent; undefined for what is none of this swarm. Never throws. */
export function openAnnouncement(bytes: Uint8Array, key: Uint8Array): Announcement | undefined {
  if (bytes.length <= nonceBytes + tagBytes) return undefined;
  const opening = createDecipheriv(cipher, key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes });
  opening.setAuthTag(bytes.subarray(-tagBytes));
  const opened = opening.update(bytes.subarray(nonceBytes, -tagBytes));
  try {
    opening.final();
  } catch {
    // Another swarm's, or nobody's.
    return undefined;
  }
  const read = shape.safeParse(decodeMap(opened));
  if (!read.success) return undefined;
  const { agent, addresses } = read.data;
  return { agent: makeId("agent", agent), addresses };
}
