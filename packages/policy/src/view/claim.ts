import type { Rejection } from "../rejection.ts";
import type { VerifiedPolicy } from "../verify.ts";
import type { Floors } from "../version.ts";
import type { ClaimRules } from "./types.ts";
/** Why this device refuses a verified document, or undefined. */
export declare function refusalOf(
  policy: VerifiedPolicy,
  rules: ClaimRules,
  floors: Floors,
): Rejection | undefined;
