/**
 * A value as JSON text. JSON has no infinity: a time that never comes travels as the largest safe integer,
 * which is later than any other.
 */
export function toJsonText(value: unknown): string {
  return JSON.stringify(value, (_key, field: unknown) =>
    field === Number.POSITIVE_INFINITY ? Number.MAX_SAFE_INTEGER : field,
  );
}
