/**
 * Plain data that a part of a mind dumps and is restored from: CBOR can carry it as it is. Numbers may be
 * infinite (a deadline that never comes).
 */
export type Snapshot =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly Snapshot[]
  | { readonly [field: string]: Snapshot | undefined };
