/** Where each agent is drawn. */
export interface Arrangement {
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** Radius of every dot. */
  readonly radius: number;
  /** Nobody inside of a disc is further from the nearest agent than this. */
  readonly spread: number;
  readonly discs: readonly Disc[];
}

/** The agents of one place, side by side. */
interface Disc {
  readonly place: number;
  readonly size: number;
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

/** The angle that spreads points evenly over a disc, as in a sunflower. */
const goldenAngle = Math.PI * (3 - Math.sqrt(5));
const radiusMax = 12;
/** A dot's radius against the distance of neighbors in a sunflower of unit density. */
const dotShare = 0.66;
const margin = 26;
const labelHeight = 24;
/** Closer than this nothing could be told apart: what does not fit is cut off. */
const spreadMin = 0.5;

/** Spreads agents over discs, one for each place that has any, all of one density. */
export function arrange(
  places: ArrayLike<number>,
  labelWidth: (place: number, size: number) => number,
  width: number,
  height: number,
): Arrangement {
  const members = new Map<number, number[]>();
  for (let agent = 0; agent < places.length; agent += 1) {
    const place = places[agent] as number;
    const known = members.get(place);
    if (known === undefined) members.set(place, [agent]);
    else known.push(agent);
  }
  const groups = [...members].sort(([left], [right]) => left - right);
  const sizes = groups.map(([, agents]) => agents.length);
  const labels = groups.map(([place, agents]) => labelWidth(place, agents.length));
  const { spread, centers } = packed(sizes, labels, width, height);
  const [x, y] = [new Float32Array(places.length), new Float32Array(places.length)];
  const discs = groups.map(([place, agents], group): Disc => {
    const center = centers[group] as Point;
    agents.forEach((agent, index) => {
      const distance = spread * Math.sqrt(index + 0.5);
      x[agent] = center.x + distance * Math.cos(index * goldenAngle);
      y[agent] = center.y + distance * Math.sin(index * goldenAngle);
    });
    return { place, size: agents.length, ...center, radius: spread * Math.sqrt(agents.length) };
  });
  return { x, y, radius: Math.min(radiusMax, spread * dotShare), spread, discs };
}

interface Point {
  readonly x: number;
  readonly y: number;
}

interface Packing {
  readonly spread: number;
  readonly centers: readonly Point[];
}

/** Discs of these sizes beside each other or above each other, whichever lets them be larger. */
function packed(sizes: readonly number[], labels: readonly number[], width: number, height: number): Packing {
  const label = sizes.length > 1 ? labelHeight : 0;
  const roots = sizes.map(Math.sqrt);
  // A disc is as wide as its label at least, and below it.
  const beside = (spread: number): readonly number[] =>
    roots.map((root, group) => Math.max(2 * root * spread, sizes.length > 1 ? (labels[group] ?? 0) : 0));
  const above = (spread: number): readonly number[] => roots.map((root) => 2 * root * spread + label);
  const row = widest(width, beside, height - 2 * margin - label, roots);
  const stack = widest(height, above, width - 2 * margin, roots);
  const isRow = row >= stack;
  const spread = isRow ? row : stack;
  const lengths = isRow ? beside(spread) : above(spread);
  const gap = ((isRow ? width : height) - sum(lengths)) / (sizes.length + 1);
  let edge = gap;
  const centers = lengths.map((length): Point => {
    const from = edge;
    edge += length + gap;
    return isRow
      ? { x: from + length / 2, y: (height + label) / 2 }
      : { x: width / 2, y: from + (length + label) / 2 };
  });
  return { spread, centers };
}

/** The widest spread at which lengths along one side and the largest disc across it still fit. */
function widest(
  along: number,
  lengths: (spread: number) => readonly number[],
  across: number,
  roots: readonly number[],
): number {
  let spread = across / (2 * Math.max(...roots));
  while (spread > spreadMin && sum(lengths(spread)) + margin * (roots.length + 1) > along) spread *= 0.98;
  return spread;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
