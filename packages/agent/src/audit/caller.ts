import { readFileSync } from "node:fs";
import type { Caller } from "./audit.ts";

/** What loginuid(5) says of who never logged in. */
const nobodyLoggedIn = 4_294_967_295;

/**
 * Who calls, by the pid that the caller said. Node does not give away the peer of a Unix socket; so the pid is the
 * caller's word, and the rest the kernel's word on that process. Only the owner and root may open the socket at all.
 */
export function callerOf(said: string | undefined): Caller | undefined {
  if (said === undefined || !/^[1-9]\d{0,9}$/.test(said)) return undefined;
  const pid = Number(said);
  const uid = numberIn(`/proc/${pid}/status`, /^Uid:\s+(\d+)/m);
  const loginUid = numberIn(`/proc/${pid}/loginuid`, /^(\d+)/);
  return {
    pid,
    ...(uid === undefined ? {} : { uid }),
    ...(loginUid === undefined || loginUid === nobodyLoggedIn ? {} : { loginUid }),
  };
}

function numberIn(path: string, pattern: RegExp): number | undefined {
  try {
    const [, number] = pattern.exec(readFileSync(path, "utf8")) ?? [];
    return number === undefined ? undefined : Number(number);
  } catch {
    // It has ended, or /proc hides it: less is known, and the order holds.
    return undefined;
  }
}
