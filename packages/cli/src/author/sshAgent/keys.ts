import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { nodeCrypto } from "@antibody/agent/state";
import { equalBytes, verifySignature } from "@antibody/policy";
import { printable } from "../../text/printable.ts";
import type { RemoteSigner } from "../sealing.ts";
import { type AgentSocket, agentError, askAgent, strangeAnswer } from "./asking.ts";
import {
  type AgentKey,
  keyBlob,
  listRequest,
  readKey,
  readKeys,
  readSignature,
  signingRequest,
} from "./messages.ts";

/** An Ed25519 key that an ssh-agent holds. */
export type HeldKey = RemoteSigner & { readonly fingerprint: string };

/** Keys that an error names; more would hide them. */
const namedMax = 6;

/**
 * The key of the agent that was meant: by its fingerprint (`SHA256:…`), its comment, or the file of its public key.
 * Throws a CliError where there is none, or one that cannot sign policy.
 */
export async function findHeldKey(socket: AgentSocket, wanted: string): Promise<HeldKey> {
  const keys = await keysOf(socket);
  const named = publicKeyFile(wanted);
  const found = keys.filter(
    ({ blob, comment }) =>
      fingerprintOf(blob) === wanted ||
      comment === wanted ||
      (named !== undefined && equalBytes(blob, named)),
  );
  const [key, another] = found;
  if (key === undefined)
    throw agentError(
      `the ssh-agent holds no key ${wanted}`,
      holdings(keys),
      "ssh-add FILE gives it one; ssh-add -l names them",
    );
  if (another !== undefined)
    throw agentError(
      `several keys of the ssh-agent are called ${wanted}`,
      holdings(found),
      "name one by its fingerprint",
    );
  if (key.publicKey === undefined) throw unfit(key);
  return heldKey(socket, key.publicKey);
}

/** The key of the agent by its raw public key. Throws a CliError where the agent does not hold it now. */
export async function heldKeyOf(socket: AgentSocket, publicKey: Uint8Array): Promise<HeldKey> {
  const keys = await keysOf(socket);
  if (keys.some((key) => key.publicKey !== undefined && equalBytes(key.publicKey, publicKey)))
    return heldKey(socket, publicKey);
  throw agentError(
    `the ssh-agent does not hold the key ${fingerprintOf(keyBlob(publicKey))}`,
    holdings(keys),
    "give it the key: ssh-add FILE (for one on a card: ssh-add -s LIBRARY)",
  );
}

function heldKey(socket: AgentSocket, publicKey: Uint8Array): HeldKey {
  return {
    publicKey,
    fingerprint: fingerprintOf(keyBlob(publicKey)),
    async signEach(messages) {
      const signatures: Uint8Array[] = [];
      for (const message of messages) signatures.push(await signed(socket, publicKey, message));
      return signatures;
    },
  };
}

async function signed(socket: AgentSocket, publicKey: Uint8Array, message: Uint8Array): Promise<Uint8Array> {
  const answer = readSignature(await askAgent(socket, signingRequest(publicKey, message)));
  if (answer === "refused")
    throw agentError(
      "the ssh-agent refuses to sign",
      "it is locked, somebody said no, or the key is bound to hosts (ssh-add -h)",
      "ssh-add -X unlocks it; a key that may sign anything is added without -h",
    );
  if (answer === undefined) throw strangeAnswer(socket);
  if (verifySignature(nodeCrypto(), publicKey, message, answer)) return answer;
  throw agentError(
    "the signature of the ssh-agent does not fit",
    "it is by another key, or of other bytes",
    "try another agent",
  );
}

async function keysOf(socket: AgentSocket): Promise<readonly AgentKey[]> {
  const keys = readKeys(await askAgent(socket, listRequest()));
  if (keys === "refused")
    throw agentError(
      "the ssh-agent does not name its keys",
      "it is locked, or refuses",
      "ssh-add -X unlocks it",
    );
  if (keys === undefined) throw strangeAnswer(socket);
  return keys;
}

/** The key in a file such as `id_ed25519.pub`; undefined where there is none. */
function publicKeyFile(path: string): Uint8Array | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  const [, base64 = ""] = text.split(/\s+/, 2);
  const { blob, type } = readKey(new Uint8Array(Buffer.from(base64, "base64")), "");
  return type === "" ? undefined : blob;
}

function unfit({ type, comment }: AgentKey): Error {
  const cause = type.startsWith("sk-")
    ? `${comment} is a security key (${type}), which signs more than what it is given`
    : `${comment} is of type ${type}, and policy is signed by Ed25519`;
  return agentError("this key cannot sign policy", cause, "ssh-keygen -t ed25519 makes one that can");
}

function holdings(keys: readonly AgentKey[]): string {
  if (keys.length === 0) return "it holds none, or is locked";
  const named = keys
    .slice(0, namedMax)
    .map(({ blob, type, comment }) => `${fingerprintOf(blob)} ${comment} (${type})`);
  const more = keys.length > namedMax ? `, and ${keys.length - namedMax} more` : "";
  return printable(`it holds ${named.join(", ")}${more}`);
}

/** As `ssh-add -l` prints it. */
function fingerprintOf(blob: Uint8Array): string {
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}
