/** A column with more room, and what the narrow one holds at its beginning. */
export function widened<A extends Float64Array | Int32Array | Uint8Array>(wide: A, narrow: A): A {
  wide.set(narrow);
  return wide;
}
