import { isPlainObject } from "@antibody/policy";
import { type DecodeOptions, decode, encode, type Token, Tokenizer, Type } from "cborg";
import { cborDepthMax, cborItemsMax, wireVersion } from "../limits.ts";

const decodeOptions: DecodeOptions = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: false,
  rejectDuplicateMapKeys: true,
};

/** A map as CBOR, with the wire's version where no other is named. Fields that are undefined are left out. */
export function encodeMap(
  fields: { readonly [name: string]: unknown },
  version: number = wireVersion,
): Uint8Array {
  return encode({ v: version, ...fields }, { ignoreUndefinedProperties: true });
}

/** A map with the version that it names. */
export interface VersionedMap {
  readonly version: number;
  readonly fields: { readonly [name: string]: unknown };
}

/** Reads one map of a version, this wire's where no other is named, or undefined. Never throws. */
export function decodeMap(
  bytes: Uint8Array,
  version: number = wireVersion,
): VersionedMap["fields"] | undefined {
  const read = decodeVersioned(bytes);
  return read?.version === version ? read.fields : undefined;
}

/**
 * Reads one map of any version, or undefined. Bounded in items and in nesting, so that hostile bytes cost no more than
 * their length; never throws.
 */
export function decodeVersioned(bytes: Uint8Array): VersionedMap | undefined {
  try {
    // Of a Buffer, cborg would hand out views: what is kept of a message must be plain, and not keep all of it.
    const plain = new Uint8Array(bytes);
    const value: unknown = decode(plain, { ...decodeOptions, tokenizer: boundedTokenizer(plain) });
    if (!isPlainObject(value)) return undefined;
    const { v: version, ...fields } = value;
    return Number.isSafeInteger(version) ? { version: Number(version), fields } : undefined;
  } catch {
    // cborg says by throwing that the bytes are not what they should be; why is of no interest to anyone.
    return undefined;
  }
}

/** A tokenizer that counts: cborg itself recurses as deep as the bytes say. */
function boundedTokenizer(bytes: Uint8Array): Pick<Tokenizer, "done" | "next" | "pos"> {
  const tokenizer = new Tokenizer(bytes, decodeOptions);
  /** Items still missing in each open array and map, outermost first. */
  const missing: number[] = [];
  let items = 0;
  return {
    done: () => tokenizer.done(),
    pos: () => tokenizer.pos(),
    next: () => {
      const token = tokenizer.next();
      items += 1;
      if (items > cborItemsMax) throw new Error("Too many items");
      while (missing.at(-1) === 0) missing.pop();
      const innermost = missing.pop();
      if (innermost !== undefined) missing.push(innermost - 1);
      const opened = itemsIn(token);
      if (opened > 0) missing.push(opened);
      if (missing.length > cborDepthMax) throw new Error("Nested too deep");
      return token;
    },
  };
}

/** How many items an array or map announces. */
function itemsIn(token: Token): number {
  if (Type.equals(token.type, Type.array)) return Number(token.value);
  return Type.equals(token.type, Type.map) ? 2 * Number(token.value) : 0;
}
