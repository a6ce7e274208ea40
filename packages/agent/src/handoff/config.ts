import { lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { durationMs } from "@antibody/core";
import * as z from "zod/mini";
import { writeFileAtomic } from "../state/atomicFile.ts";
import { errnoOf, StateError } from "../state/stateError.ts";

/** Places that a case is told to. A guess: a person, a team, and a spare. */
const targetsMax = 8;
const headersMax = 16;
/** Characters of an address or a header. A guess: longer than what services hand out. */
const textCharactersMax = 2_048;

/** Where a case is told to. */
export type HandoffTarget =
  /** Gets the message as JSON. */
  | {
      readonly type: "webhook";
      readonly url: string;
      readonly headers?: { readonly [name: string]: string };
    }
  /** A topic of ntfy (https://docs.ntfy.sh/publish/); `token` where it asks for one. */
  | { readonly type: "ntfy"; readonly url: string; readonly token?: string };

/** What the owner decided about telling people. On the device only: no policy reaches it. */
export interface HandoffConfig {
  readonly v: 1;
  readonly targets: readonly HandoffTarget[];
  /** A case must be open for so long before it is told, such as `1m`. */
  readonly raiseAfter?: string;
  /** A told case must be mended for so long before that is told. */
  readonly clearAfter?: string;
}

/** Guesses: a fault that mends itself in a minute wakes nobody, one that comes back within five is the same one. */
const raiseAfterDefault = "1m";
const clearAfterDefault = "5m";

const text = z.string().check(z.maxLength(textCharactersMax));
/** Without CR and LF: a header could end early. */
const headerText = text.check(z.regex(/^[\t\x20-\x7e]*$/, "expected printable ASCII"));
const url = text.check(
  z.refine(
    (value) => /^https?:$/.test(URL.parse(value)?.protocol ?? ""),
    "expected an http or https address",
  ),
);
const span = z.string().check(z.regex(/^[1-9]\d{0,8}(ms|s|m|h|d)$/, "expected a duration, such as 1m"));

const configShape: z.ZodMiniType<HandoffConfig> = z.strictObject({
  v: z.literal(1),
  targets: z
    .array(
      z.discriminatedUnion("type", [
        z.strictObject({
          type: z.literal("webhook"),
          url,
          headers: z.exactOptional(
            z
              .record(
                z.string().check(z.regex(/^[A-Za-z0-9-]{1,64}$/, "expected a header's name")),
                headerText,
              )
              .check(z.refine((headers) => Object.keys(headers).length <= headersMax, "too many headers")),
          ),
        }),
        z.strictObject({ type: z.literal("ntfy"), url, token: z.exactOptional(headerText) }),
      ]),
    )
    .check(z.maxLength(targetsMax)),
  raiseAfter: z.exactOptional(span),
  clearAfter: z.exactOptional(span),
});

const nobody: HandoffConfig = { v: 1, targets: [] };

/** Reads what the owner decided; nobody is told where nothing was. Throws a StateError. */
export function readHandoffConfig(stateDirectory: string): HandoffConfig {
  const path = handoffConfigPath(stateDirectory);
  try {
    refuseOpen(path);
    return checkHandoffConfig(JSON.parse(readFileSync(path, "utf8")), path);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return nobody;
    if (error instanceof SyntaxError) throw wrong(path, "it is not JSON");
    throw error;
  }
}

/** Writes what the owner decided, for the owner's eyes: addresses and tokens are secrets. Throws a StateError. */
export function writeHandoffConfig(stateDirectory: string, config: HandoffConfig): void {
  const path = handoffConfigPath(stateDirectory);
  writeFileAtomic(path, `${JSON.stringify(checkHandoffConfig(config, path), undefined, 2)}\n`, 0o600);
}

/** How long a case must be open, and mended, before that is told. */
export function handoffSpans(config: HandoffConfig): { readonly raiseMs: number; readonly clearMs: number } {
  return {
    raiseMs: durationMs(config.raiseAfter ?? raiseAfterDefault),
    clearMs: durationMs(config.clearAfter ?? clearAfterDefault),
  };
}

/** A target as logs and screens may show it: addresses of webhooks are secrets themselves. */
export function shownTarget({ type, url }: HandoffTarget): string {
  return `${type} ${URL.parse(url)?.host ?? ""}`;
}

function handoffConfigPath(stateDirectory: string): string {
  return join(stateDirectory, "handoff.json");
}

function checkHandoffConfig(value: unknown, path: string): HandoffConfig {
  const read = configShape.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw wrong(path, `${(issue?.path ?? []).map(String).join(".")}: ${issue?.message ?? "wrong shape"}`);
}

function refuseOpen(path: string): void {
  if ((lstatSync(path).mode & 0o077) !== 0) throw wrong(path, "others can read it");
}

function wrong(path: string, what: string): StateError {
  const next = `chmod 600 ${path}, and mend it; or write it anew: antibody handoff add`;
  return new StateError("stateBroken", `${path} cannot be used: ${what}`, next);
}
