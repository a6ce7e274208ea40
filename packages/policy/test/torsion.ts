// Plain arithmetic on edwards25519, slow and independent of any library: only to derive the points of small
// order, and signatures on the edges of what verifiers agree on.
export const p: bigint = 2n ** 255n - 19n;
/** The order of the base point. */
export const order: bigint = 2n ** 252n + 27742317777372353535851937790883648493n;

export type Point = readonly [bigint, bigint];

const mod = (value: bigint): bigint => ((value % p) + p) % p;

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = mod(base);
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = mod(result * square);
    square = mod(square * square);
  }
  return result;
}

const invert = (value: bigint): bigint => power(value, p - 2n);
const d = mod(-121665n * invert(121666n));

/** RFC 8032, 5.1.4, in affine form. */
export function add([x1, y1]: Point, [x2, y2]: Point): Point {
  const product = mod(d * x1 * x2 * y1 * y2);
  return [mod((x1 * y2 + x2 * y1) * invert(1n + product)), mod((y1 * y2 + x1 * x2) * invert(1n - product))];
}

export function multiply(point: Point, factor: bigint): Point {
  let result: Point = [0n, 1n];
  let doubled = point;
  for (let rest = factor; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = add(result, doubled);
    doubled = add(doubled, doubled);
  }
  return result;
}

/** A point with a given y, or undefined (RFC 8032, 5.1.3). */
export function pointAt(y: bigint): Point | undefined {
  const square = mod((y * y - 1n) * invert(d * y * y + 1n));
  const root = power(square, (p + 3n) / 8n);
  for (const x of [root, mod(root * power(2n, (p - 1n) / 4n))]) if (mod(x * x) === square) return [x, y];
  return undefined;
}

/** The y of all eight points of small order: what is left of any point after [L]. Five values. */
export function smallOrderYs(): ReadonlySet<bigint> {
  const ys = new Set<bigint>();
  for (let y = 2n; ys.size < 5; y += 1n) {
    const point = pointAt(y);
    if (point !== undefined) ys.add(multiply(point, order)[1]);
  }
  return ys;
}
