import type { AuditLine } from "@antibody/agent/control";
import { type Grant, isPlainObject, type Json, shortId } from "@antibody/policy";
import { fit, labeled } from "../text/table.ts";
import { grantText } from "./trust.ts";

/** What `log` tells, as `--json` prints it: one line per entry. */
export interface HistoryEntry extends Omit<AuditLine, "v"> {
  readonly schema: "antibody.history/1";
}

/** One entry in the words of scripts. */
export function historyEntry({ v: _v, ...line }: AuditLine): HistoryEntry {
  return { schema: "antibody.history/1", ...line };
}

/** Characters of one field. Guess: a reason fits. */
const fieldCharactersMax = 120;

/** `2026-10-03 03:12:09  uid 1000 (pid 812)  pause file:/etc/motd: ok, reason="by hand" forMs=600000` */
export function historyLines({ time, event, by, fields }: HistoryEntry): readonly string[] {
  const when = `${time.slice(0, 10)} ${time.slice(11, 19)}`;
  const { target, outcome, ...rest } = fields;
  const what = [event.replace(/^order\./, ""), ...(target === undefined ? [] : [text(target)])].join(" ");
  const shown = Object.entries(rest).map(([field, value]) =>
    isGrant(value) ? `${shortId(value.author)}: ${grantText(value)}` : `${field}=${text(value)}`,
  );
  const result = outcome === undefined ? [] : [`${text(outcome)}${shown.length === 0 ? "" : ","}`];
  return labeled(when, [`${byText(by, event)}: ${what}`, ...result, ...shown].join(" "), when.length);
}

/** What is not whole, as of another version, is shown as it is. */
function isGrant(value: Json): value is Json & Pick<Grant, "author" | "scope" | "rank" | "mode" | "powers"> {
  if (!isPlainObject(value)) return false;
  const { author, scope, rank, mode, powers } = value;
  const areLists = Array.isArray(scope) && Array.isArray(powers);
  return areLists && typeof author === "string" && typeof rank === "number" && typeof mode === "string";
}

function byText(by: HistoryEntry["by"], event: string): string {
  if (by === undefined) return event.startsWith("order.") ? "somebody" : "the agent";
  const user = by.uid === undefined ? "" : ` uid ${by.uid}`;
  const login = by.loginUid === undefined || by.loginUid === by.uid ? "" : ` logged in as uid ${by.loginUid}`;
  return `pid ${by.pid}${user}${login}`;
}

function text(value: Json): string {
  if (typeof value === "string" && /^[\w:/.*@-]+$/.test(value)) return value;
  return fit(JSON.stringify(value), fieldCharactersMax);
}
