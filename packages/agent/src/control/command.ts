import {
  type ActionId,
  chainLengthMax,
  type EvictionWire,
  evictionKeepsMax,
  evictionReasonBytesMax,
  type OwnerCommand,
  pauseMsMax,
  pauseReasonCharactersMax,
} from "@antibody/core";
import {
  type AgentId,
  type AuthorId,
  fromHex,
  isGlob,
  type Mode,
  modes,
  type Power,
  parseId,
  parseMode,
  parsePower,
  parseResourceId,
  powers,
  type ResourceId,
  scopeGlobsMax,
} from "@antibody/policy";
import * as z from "zod/mini";
import type { InviteRequest } from "../ports.ts";
import { inviteMsMax } from "./limits.ts";

/** A body that was understood, or one sentence about the first thing wrong with it. */
export type Parsed<Value> =
  | { readonly type: "parsed"; readonly value: Value }
  | { readonly type: "malformed"; readonly message: string };

/** A text that `read` turns into a branded value. */
function branded<Value>(
  read: (text: string) => Value | undefined,
  what: string,
): z.ZodMiniType<Value, unknown> {
  return z.pipe(
    z.string(),
    z.transform((text, context) => {
      const value = read(text);
      if (value !== undefined) return value;
      context.issues.push({ code: "custom", message: `expected ${what}`, input: text });
      return z.NEVER;
    }),
  );
}

/** A line for people: no control characters, so that it cannot paint on a terminal or break a log. */
function line(charactersMax: number): z.ZodMiniType<string, unknown> {
  return branded(
    (text) => (text !== "" && text.length <= charactersMax && !hasControl(text) ? text : undefined),
    `one line of 1 to ${charactersMax} characters`,
  );
}

/** Bytes in base64, spelled as `Buffer` spells them. */
function readBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.length > 0 && bytes.toString("base64") === text ? new Uint8Array(bytes) : undefined;
}

function hasControl(text: string): boolean {
  return /\p{Cc}/u.test(text);
}

const author: z.ZodMiniType<AuthorId, unknown> = branded((text) => parseId("author", text), "an author id");
const agent: z.ZodMiniType<AgentId, unknown> = branded((text) => parseId("agent", text), "an agent id");
const target: z.ZodMiniType<ResourceId | "*", unknown> = branded(
  (text) => (text === "*" ? text : parseResourceId(text)?.id),
  "a resource id or *",
);
const action: z.ZodMiniType<ActionId, unknown> = branded(
  (text) => (/^\d{1,15}-\d{1,15}$/.test(text) ? (text as ActionId) : undefined),
  "an action id",
);
const mode: z.ZodMiniType<Mode, unknown> = branded(parseMode, `one of ${modes.join(", ")}`);
const power: z.ZodMiniType<Power, unknown> = branded(parsePower, `one of ${powers.join(", ")}`);
const glob: z.ZodMiniType<string, unknown> = branded((text) => (isGlob(text) ? text : undefined), "a glob");

const grant = z.strictObject({
  author,
  scope: z.array(glob).check(z.minLength(1), z.maxLength(scopeGlobsMax)),
  rank: z.int(),
  mode,
  powers: z.array(power).check(z.maxLength(powers.length)),
  bytesMax: z.int().check(z.minimum(1)),
  root: z.exactOptional(
    branded((text) => (fromHex(text)?.length === 32 ? text : undefined), "32 bytes in hex"),
  ),
  introducedBy: z.exactOptional(line(64)),
});

const command: z.ZodMiniType<OwnerCommand, unknown> = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("grant"), grant }),
  z.strictObject({ type: z.literal("revokeGrant"), author }),
  z.strictObject({
    type: z.literal("evict"),
    agent,
    keeps: z.array(agent).check(z.maxLength(evictionKeepsMax)),
    reason: line(evictionReasonBytesMax),
  }),
  z.strictObject({
    type: z.literal("pause"),
    target,
    reason: line(pauseReasonCharactersMax),
    forMs: z.int().check(z.minimum(1), z.maximum(pauseMsMax)),
  }),
  z.strictObject({ type: z.literal("resume"), target }),
  z.strictObject({ type: z.literal("step"), target }),
  z.strictObject({ type: z.literal("cancel"), action }),
  z.strictObject({ type: z.literal("away") }),
  z.strictObject({ type: z.literal("back") }),
  z.strictObject({ type: z.literal("stop") }),
]);

const invite: z.ZodMiniType<InviteRequest, unknown> = z.strictObject({
  expiresInMs: z.int().check(z.minimum(1_000), z.maximum(inviteMsMax)),
  mayInvite: z.boolean(),
  replaces: z.exactOptional(agent),
});

const base64: z.ZodMiniType<Uint8Array, unknown> = branded(readBase64, "base64");
const eviction: z.ZodMiniType<EvictionWire, unknown> = z.strictObject({
  chain: z.array(base64).check(z.minLength(1), z.maxLength(chainLengthMax)),
  eviction: base64,
});

/** Reads an eviction that was signed elsewhere. */
export function parseEviction(bytes: Uint8Array): Parsed<EvictionWire> {
  return parseJson(eviction, bytes);
}

/** Reads a command of the owner. Unknown fields are refused: a misspelled one must not be silently dropped. */
export function parseOwnerCommand(bytes: Uint8Array): Parsed<OwnerCommand> {
  return parseJson(command, bytes);
}

/** Reads what asks for an invite. */
export function parseInviteRequest(bytes: Uint8Array): Parsed<InviteRequest> {
  return parseJson(invite, bytes);
}

function parseJson<Value>(schema: z.ZodMiniType<Value, unknown>, bytes: Uint8Array): Parsed<Value> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return { type: "malformed", message: "the body is not JSON in UTF-8" };
  }
  const result = schema.safeParse(json);
  if (result.success) return { type: "parsed", value: result.data };
  const issue = result.error.issues[0];
  const path = (issue?.path ?? []).map(String).join(".").slice(0, 80);
  return { type: "malformed", message: `${path === "" ? "body" : path}: ${issueText(issue)}` };
}

function issueText(issue: z.core.$ZodIssue | undefined): string {
  if (issue === undefined) return "wrong shape";
  if (issue.code === "invalid_type") return `expected ${issue.expected}`;
  if (issue.code === "unrecognized_keys") return `unknown field ${(issue.keys[0] ?? "").slice(0, 40)}`;
  return issue.code === "custom" ? issue.message : issue.code.replaceAll("_", " ");
}
