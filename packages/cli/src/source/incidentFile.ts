import { gunzipSync } from "node:zlib";
import type { LogLine } from "@antibody/agent/control";
import { isPlainObject } from "@antibody/policy";
import type { IncidentView } from "../views/incidents.ts";

/** One file with all that is known of a case: what somebody needs who is not here. */
export interface IncidentFile {
  readonly schema: "antibody.incidentFile/1";
  readonly time: string;
  readonly build: string;
  readonly incident: Omit<IncidentView, "schema" | "time">;
  /** The newest lines of the agent's log, oldest first. */
  readonly log: readonly LogLine[];
  /** Base64: `antibody replay FILE` runs it again. */
  readonly recording: string;
}

/** The brace that begins an object of JSON; a recording begins with a length that is never so large. */
const objectBegins = 0x7b;

/** How gzip begins (RFC 1952): the agent keeps recordings of incidents so. */
const gzipBegins: readonly number[] = [0x1f, 0x8b];

/**
 * The recording in a file: the file itself, packed or not, or what an exported incident holds. Throws an Error
 * where it is neither.
 */
export function recordingIn(bytes: Uint8Array): Uint8Array {
  if (gzipBegins.every((byte, index) => bytes[index] === byte)) return new Uint8Array(gunzipSync(bytes));
  if (bytes[0] !== objectBegins) return bytes;
  const file: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
  const { schema, recording } = isPlainObject(file) ? file : {};
  if (schema !== "antibody.incidentFile/1" || typeof recording !== "string")
    throw new Error("it is neither a recording nor an exported incident");
  return new Uint8Array(Buffer.from(recording, "base64"));
}
