/**
 * Why bytes, or a claim in them, are not accepted.
 *
 * `unknownAuthor` and `unknownType` carry no blame: the bytes may be good, but this agent lacks the root,
 * or the version of the software, to say so.
 */
export type RejectionReason =
  | "malformed"
  | "tooLarge"
  | "notCanonical"
  | "unsafeNumber"
  | "notNormalized"
  | "payloadTypeMismatch"
  | "unknownType"
  | "unknownAuthor"
  | "unknownKey"
  | "badSignature"
  | "tooFewSignatures"
  | "olderGeneration"
  | "noGrant"
  | "outsideGrant"
  | "missingPower"
  | "protected"
  | "equivocation"
  | "wrongSwarm"
  | "quota";

/** Untrusted input that was refused: a value, never thrown. */
export interface Rejection {
  readonly type: "rejection";
  readonly reason: RejectionReason;
  /** One sentence for a human, without secrets and without unbounded parts of the input. */
  readonly detail: string;
}

/** Makes a rejection. */
export function reject(reason: RejectionReason, detail: string): Rejection {
  return { type: "rejection", reason, detail };
}

/** Whether a result is a rejection. */
export function isRejection(value: unknown): value is Rejection {
  return typeof value === "object" && value !== null && "type" in value && value.type === "rejection";
}
