import { generateKey, type PrivateKey } from "@antibody/agent/state";
import { toHex } from "@antibody/policy";
import { usageError } from "../errors.ts";
import type { Terminal } from "../terminal.ts";
import { newPassphrase } from "./passphrase.ts";
import { findHeldKey, type HeldKey } from "./sshAgent/keys.ts";

/** Which keys of an author an ssh-agent holds; the others are made here. */
export interface NewKeysOptions {
  readonly sshAgent?: readonly string[];
  readonly nextSshAgent?: readonly string[];
  /** commander's reading of `--no-passphrase`. */
  readonly passphrase: boolean;
}

type NewKey = PrivateKey | HeldKey;

/** The keys of a new author. */
export interface NewKeys {
  readonly keys: readonly [NewKey, ...NewKey[]];
  readonly nextKeys: readonly NewKey[];
  /** What those that are made here are sealed by; undefined where none is, or they lie in the clear. */
  readonly passphrase: string | undefined;
  /** Fingerprints of those that an agent holds. */
  readonly fingerprints: readonly string[];
}

/** Makes as many signing keys and next keys, or finds them in the ssh-agent. Throws a CliError. */
export async function newKeys(terminal: Terminal, count: number, options: NewKeysOptions): Promise<NewKeys> {
  const socket = terminal.environment["SSH_AUTH_SOCK"];
  const held = async (wanted: readonly string[] = []): Promise<readonly HeldKey[]> => {
    if (wanted.length > count)
      throw usageError(
        "more keys of an ssh-agent than keys",
        `${wanted.length} of ${count}`,
        "give each person a key: --keys N",
      );
    const found: HeldKey[] = [];
    for (const each of wanted) found.push(await findHeldKey(socket, each));
    return found;
  };
  const [signing, next] = [await held(options.sshAgent), await held(options.nextSshAgent)];
  refuseTwice([...signing, ...next]);
  const isMadeHere = signing.length < count || next.length < count;
  const passphrase = isMadeHere && options.passphrase ? await newPassphrase(terminal) : undefined;
  const filled = (some: readonly HeldKey[]): NewKey[] =>
    Array.from({ length: count }, (_none, index) => some[index] ?? generateKey());
  const [key = generateKey(), ...otherKeys] = filled(signing);
  return {
    keys: [key, ...otherKeys],
    nextKeys: filled(next),
    passphrase,
    fingerprints: [...signing, ...next].map(({ fingerprint }) => fingerprint),
  };
}

/** Two people who share a key are one; and whoever steals a key that is its own next one can rotate. */
function refuseTwice(keys: readonly HeldKey[]): void {
  const seen = new Set<string>();
  for (const { publicKey, fingerprint } of keys) {
    if (seen.has(toHex(publicKey)))
      throw usageError(
        "one key is named twice",
        fingerprint,
        "name another key of the ssh-agent, or leave it out",
      );
    seen.add(toHex(publicKey));
  }
}
