import { randomBytes } from "node:crypto";
import { type Answer, AUTHORITATIVE_ANSWER, decode, encode, type Packet } from "dns-packet";
import { mdnsDatagramBytesMax, mdnsRecordSeconds, mdnsRecordsMax } from "../limits.ts";

/** The service that agents announce (RFC 6763). Its instances have random names, a new one each time. */
const service = "_antibody._tcp.local";
/** The first label of it as it stands in every datagram that speaks of it, compressed or not. */
const label = Buffer.from("\x09_antibody", "latin1");
const instanceBytes = 8;
/** Bytes of one string in a TXT record (RFC 1035, 3.3.14). */
const stringBytesMax = 255;

/** Where the header counts questions, answers, authorities and additional records (RFC 1035, 4.1.1). */
const countOffsets = [4, 6, 8, 10] as const;
const headerBytes = 12;

/** What a datagram says that concerns agents. */
export type Said =
  | { readonly type: "question" }
  /** Sealed announcements. */
  | { readonly type: "answer"; readonly sealed: readonly Uint8Array[] };

/** Asks every agent on the LAN for its announcement. */
export function encodeQuestion(): Uint8Array {
  return encode({ type: "query", questions: [{ type: "PTR", name: service }] });
}

/** Answers with a sealed announcement: a PTR record, and a TXT record that holds it. */
export function encodeAnswer(sealed: Uint8Array): Uint8Array {
  const instance = `${randomBytes(instanceBytes).toString("hex")}.${service}`;
  const data: Buffer[] = [];
  for (let offset = 0; offset < sealed.length; offset += stringBytesMax) {
    data.push(Buffer.from(sealed.subarray(offset, offset + stringBytesMax)));
  }
  return encode({
    type: "response",
    flags: AUTHORITATIVE_ANSWER,
    answers: [
      { type: "PTR", name: service, ttl: mdnsRecordSeconds, data: instance },
      { type: "TXT", name: instance, ttl: mdnsRecordSeconds, data },
    ],
  });
}

/**
 * Whether a datagram may be about agents: most of what is said on a LAN is about printers, and is told apart before it
 * is parsed. The parser makes room for as many records as the header counts, which costs a millisecond at worst.
 */
export function concernsAgents(bytes: Buffer): boolean {
  if (bytes.length < headerBytes || bytes.length > mdnsDatagramBytesMax) return false;
  const records = countOffsets.reduce((sum, offset) => sum + bytes.readUInt16BE(offset), 0);
  return records <= mdnsRecordsMax && bytes.includes(label);
}

/** Reads a datagram; undefined for all that is not about agents. Never throws. */
export function decodeDatagram(bytes: Buffer): Said | undefined {
  if (!concernsAgents(bytes)) return undefined;
  let packet: Packet;
  try {
    packet = decode(bytes);
  } catch {
    return undefined;
  }
  if (packet.type === "query") {
    const isAsked = packet.questions?.some(({ type, name }) => type === "PTR" && name === service);
    return isAsked === true ? { type: "question" } : undefined;
  }
  const sealed = [...(packet.answers ?? []), ...(packet.additionals ?? [])].flatMap(sealedIn);
  return sealed.length === 0 ? undefined : { type: "answer", sealed };
}

function sealedIn(answer: Answer): readonly Uint8Array[] {
  if (answer.type !== "TXT" || !answer.name.endsWith(`.${service}`)) return [];
  const parts = Array.isArray(answer.data) ? answer.data : [answer.data];
  return [
    Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : part))),
  ];
}
