/** Draws from what a seed says: whole numbers below a bound, or one of several. */
export interface Draw {
  below(bound: number): number;
  of<Value>(...values: readonly [Value, ...Value[]]): Value;
}

/** Draws by xorshift32: equal seeds, equal broken states. */
export function drawing(seed: number): Draw {
  let state = (Math.imul(seed + 1, 0x9e3779b1) ^ 0x85ebca6b) >>> 0 || 1;
  const below = (bound: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state = (state ^ (state << 5)) >>> 0;
    return state % bound;
  };
  return { below, of: (...values) => values[below(values.length)] ?? values[0] };
}
