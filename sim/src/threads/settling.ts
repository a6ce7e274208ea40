/** Statements that are remembered; beyond it all are forgotten, and the same may be there twice. */
const statementsMax = 65_536;

/**
 * Makes one object of what comes from several threads: statements with the same bytes, and certificates of death with
 * the same votes. Nothing depends on it but memory, and time where objects are compared.
 */
export function createSettling(): (object: object) => object {
  const known = new Map<string, object>();
  const numbers = new WeakMap<object, number>();
  let count = 0;
  const numberOf = (object: object): number => {
    const number = numbers.get(object);
    if (number !== undefined) return number;
    count += 1;
    numbers.set(object, count);
    return count;
  };
  return (object) => {
    const key = keyOf(object as Statement, numberOf);
    if (key === undefined) return object;
    const same = known.get(key);
    if (same !== undefined) return same;
    if (known.size >= statementsMax) known.clear();
    known.set(key, object);
    return object;
  };
}

interface Statement {
  readonly bytes?: unknown;
  readonly subject?: unknown;
  readonly votes?: unknown;
}

function keyOf(statement: Statement, numberOf: (object: object) => number): string | undefined {
  const { bytes, subject, votes } = statement;
  if (bytes instanceof Uint8Array) {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
    return `${Object.keys(statement).join()} ${text}`;
  }
  // Of a certificate the votes are settled already.
  if (typeof subject !== "string" || !Array.isArray(votes) || !votes.every(isStatement)) return undefined;
  return `${subject} ${votes.map(numberOf).join()}`;
}

function isStatement(vote: unknown): vote is object {
  return typeof vote === "object" && vote !== null && "bytes" in vote;
}
