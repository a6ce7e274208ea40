import * as z from "zod/mini";
import type { Crypto, Signer } from "./crypto.ts";
import { envelopeDigest, payloadType, sealEnvelope, signedBy } from "./envelope.ts";
import type { Envelope } from "./envelopeBytes.ts";
import {
  type AgentId,
  type AuthorId,
  type FragmentId,
  makeId,
  parseId,
  parseStreamName,
  type StreamName,
  type SwarmId,
} from "./ids.ts";
import type { Json } from "./json.ts";
import { stageDetailCharactersMax } from "./limits.ts";
import { isRejection, type Rejection, reject } from "./rejection.ts";
import { parsed, readShape } from "./shape.ts";

/**
 * What a member says of one generation on its own device, signed by the member's key. - `ready`: complete and
 * prepared, waits for the author's word. - `switched`: it has taken effect, by that word. - `healthy`: in force, and all that it promises is kept. - `failed`: was
 * tried and undone. Whoever says both of one generation counts as failed.
 */
export interface Report {
  readonly v: 1;
  readonly type: "report";
  readonly swarm: SwarmId;
  readonly agent: AgentId;
  readonly author: AuthorId;
  readonly stream: StreamName;
  readonly epoch: number;
  readonly generation: number;
  readonly manifest: FragmentId;
  readonly finding: "ready" | "switched" | "healthy" | "failed";
  /** For people: why it failed; empty else. Never a content. */
  readonly detail: string;
}

/** What verification must know of the member that signs. */
export interface ReportingMember {
  readonly swarm: SwarmId;
  readonly publicKey: Uint8Array;
}

const reportShape = z.strictObject({
  v: z.literal(1),
  type: z.literal("report"),
  swarm: parsed((text) => parseId("swarm", text), "a swarm"),
  agent: parsed((text) => parseId("agent", text), "an agent"),
  author: parsed((text) => parseId("author", text), "an author"),
  stream: parsed(parseStreamName, "a stream name"),
  epoch: z.int().check(z.minimum(1)),
  generation: z.int().check(z.minimum(1)),
  manifest: parsed((text) => parseId("frag", text), "a manifest"),
  finding: z.enum(["ready", "switched", "healthy", "failed"]),
  detail: z.string().check(z.maxLength(stageDetailCharactersMax)),
});

/** Signs a report with its member's key. Throws on a report of the wrong shape. */
export function sealReport(report: Report, member: Signer): Uint8Array {
  const body = report as unknown as Json;
  const read = readShape<Report>(reportShape, body, "report");
  if (isRejection(read)) throw new Error(`Not to be signed: ${read.detail}`);
  return sealEnvelope(payloadType("report"), body, [member]);
}

/** Reads a report and the digest that names it: only the enrolled member itself may sign it. */
export function verifyReport(
  envelope: Envelope,
  body: Json,
  memberOf: ((agent: AgentId) => ReportingMember | undefined) | undefined,
  crypto: Crypto,
): { readonly report: Report; readonly id: FragmentId } | Rejection {
  const report = readShape<Report>(reportShape, body, "report");
  if (isRejection(report)) return report;
  if (envelope.signatures.length !== 1) return reject("malformed", "a report has exactly one signature");
  const member = memberOf?.(report.agent);
  if (member === undefined) return reject("unknownAuthor", `${report.agent} is not known here`);
  if (report.swarm !== member.swarm) return reject("wrongSwarm", `a report of ${report.swarm}`);
  if (!signedBy(crypto, envelope, member.publicKey)) {
    return reject("badSignature", `not signed by ${report.agent}`);
  }
  return { report, id: makeId("frag", envelopeDigest(crypto, envelope)) };
}
