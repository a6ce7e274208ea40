import type { PrivateKey } from "@antibody/agent/state";
import type { Signer } from "@antibody/policy";

/** A key that is elsewhere, and takes its time: in an ssh-agent, or in hardware behind one. */
export interface RemoteSigner {
  readonly publicKey: Uint8Array;
  /** The signature of each message, in their order. Rejects where one cannot be had. */
  signEach(messages: readonly Uint8Array[]): Promise<readonly Uint8Array[]>;
}

/** A key of an author, wherever it is. */
export type AuthorSigner = PrivateKey | RemoteSigner;

/** Whether a key is elsewhere. */
export function isRemote(signer: AuthorSigner): signer is RemoteSigner {
  return "signEach" in signer;
}

/**
 * Seals with keys of which some are elsewhere. Policy is sealed in one go, without waiting, so it is done twice: once
 * to learn what is to be signed, and once with the signatures. `seal` has to do the same both times; of Ed25519 and
 * canonical JSON nothing else can be.
 */
export async function sealWith<Sealed>(
  [key, ...otherKeys]: readonly [AuthorSigner, ...AuthorSigner[]],
  seal: (signer: Signer, otherSigners: readonly Signer[]) => Sealed,
): Promise<Sealed> {
  const remote: Asking[] = [];
  const here = (each: AuthorSigner): Signer => {
    if (!isRemote(each)) return each;
    const signer = asking(each);
    remote.push(signer);
    return signer;
  };
  const [signer, otherSigners] = [here(key), otherKeys.map(here)];
  const sealed = seal(signer, otherSigners);
  if (remote.length === 0) return sealed;
  for (const each of remote) await each.answer();
  return seal(signer, otherSigners);
}

/** Signs nothing at first, and remembers what it was to sign; after `answer` it has the signatures. */
interface Asking extends Signer {
  answer(): Promise<void>;
}

function asking(key: RemoteSigner): Asking {
  const wanted = new Map<string, Uint8Array>();
  let signatures: ReadonlyMap<string, Uint8Array> | undefined;
  return {
    publicKey: key.publicKey,
    sign: (message) => {
      const name = Buffer.from(message).toString("latin1");
      if (signatures === undefined) {
        wanted.set(name, message);
        return new Uint8Array(64);
      }
      const signature = signatures.get(name);
      if (signature === undefined) throw new Error("what is sealed twice is the same twice");
      return signature;
    },
    async answer() {
      const made = await key.signEach([...wanted.values()]);
      signatures = new Map([...wanted.keys()].map((name, index) => [name, made[index] ?? new Uint8Array()]));
    },
  };
}
