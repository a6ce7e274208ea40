/**
 * A value as JSON text. JSON has no infinity: a time that never comes travels as the largest safe integer, which is
 * later than any other, and one that nobody remembers as the smallest.
 */
export function toJsonText(value: unknown): string {
  return JSON.stringify(value, (_key, field: unknown) => {
    if (field === Number.POSITIVE_INFINITY) return Number.MAX_SAFE_INTEGER;
    return field === Number.NEGATIVE_INFINITY ? Number.MIN_SAFE_INTEGER : field;
  });
}
