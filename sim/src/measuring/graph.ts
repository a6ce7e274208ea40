/** How a graph is knit together. Hops and degrees are whole; means and eigenvalues have three decimals. */
export interface GraphFigures {
  readonly nodes: number;
  readonly degreeMin: number;
  readonly degreeMedian: number;
  readonly degreeMax: number;
  /** Pieces that do not reach each other; 1 where all is well. */
  readonly components: number;
  /** Over all pairs that reach each other; of large graphs over the ways from `sourcesMax` nodes, evenly chosen. */
  readonly meanPathHops: number;
  /** The longest of these shortest ways. */
  readonly diameterHops: number;
  /**
   * How fast a walk at random forgets where it began: the second largest eigenvalue, by size, of its transition
   * matrix. 0 is at once, 1 never; no graph of degree d stays below about 2√(d−1)/d, which is 0.6 for d = 10 (Alon and
   * Boppana), and rings drawn at random come close to it (Friedman).
   */
  readonly secondEigenvalue: number;
}

/** Nodes from which ways are found at once: one bit each. */
const sourcesAtOnce = 32;
/** All pairs cost the square of the nodes: of 100,000 they would take minutes. A guess; exact up to here. */
const sourcesMax = 10_000;
/** Rounds of the power iteration: three decimals stand after half as many at the degrees of this overlay. */
const roundsMax = 200;

/** Figures of an undirected graph, given by the neighbors of each node. Exact, but for the eigenvalue, and ways in large ones. */
export function graphFigures(neighbors: readonly (readonly number[])[]): GraphFigures {
  const degrees = neighbors.map(({ length }) => length).sort((left, right) => left - right);
  const ways = waysOf(neighbors);
  return {
    nodes: neighbors.length,
    degreeMin: degrees[0] ?? 0,
    degreeMedian: degrees[Math.floor(degrees.length / 2)] ?? 0,
    degreeMax: degrees.at(-1) ?? 0,
    components: componentsOf(neighbors),
    meanPathHops: thousandths(ways.pairs === 0 ? 0 : ways.hops / ways.pairs),
    diameterHops: ways.longest,
    secondEigenvalue: thousandths(secondEigenvalueOf(neighbors)),
  };
}

/** The shortest ways from all nodes, or from every so many-th: 32 searches in width at a time, a bit of a word each. */
function waysOf(neighbors: readonly (readonly number[])[]): {
  readonly pairs: number;
  readonly hops: number;
  readonly longest: number;
} {
  const count = neighbors.length;
  const apart = Math.ceil(count / sourcesMax);
  let [pairs, hops, longest] = [0, 0, 0];
  // Two for all searches: of 100,000 nodes one for each step of each would be a gigabyte, given back late.
  let [reached, next] = [new Int32Array(count), new Int32Array(count)];
  for (let first = 0; first < count; first += sourcesAtOnce * apart) {
    reached.fill(0);
    for (let bit = 0; bit < sourcesAtOnce && first + bit * apart < count; bit += 1)
      reached[first + bit * apart] = 1 << bit;
    for (let level = 1; ; level += 1) {
      next.set(reached);
      let found = 0;
      for (let node = 0; node < count; node += 1) {
        let bits = reached[node] as number;
        for (const neighbor of neighbors[node] as readonly number[]) bits |= reached[neighbor] as number;
        if (bits === reached[node]) continue;
        found += bitsIn(bits ^ (reached[node] as number));
        next[node] = bits;
      }
      if (found === 0) break;
      pairs += found;
      hops += found * level;
      longest = Math.max(longest, level);
      [reached, next] = [next, reached];
    }
  }
  return { pairs, hops, longest };
}

function componentsOf(neighbors: readonly (readonly number[])[]): number {
  const seen = new Uint8Array(neighbors.length);
  let components = 0;
  for (let start = 0; start < neighbors.length; start += 1) {
    if (seen[start] === 1) continue;
    components += 1;
    seen[start] = 1;
    const open = [start];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      for (const neighbor of neighbors[node] as readonly number[]) {
        if (seen[neighbor] === 1) continue;
        seen[neighbor] = 1;
        open.push(neighbor);
      }
    }
  }
  return components;
}

/**
 * Power iteration on the symmetric form of the transition matrix, D^-½ A D^-½, whose largest eigenvector is known to
 * be the roots of the degrees, and is taken out in each round.
 */
function secondEigenvalueOf(neighbors: readonly (readonly number[])[]): number {
  const roots = Float64Array.from(neighbors, ({ length }) => Math.sqrt(length));
  const first = roots.slice();
  scale(first);
  // Anything that is not orthogonal to the second eigenvector: alternating signs of growing steps are enough.
  let vector = Float64Array.from(roots, (_, node) => ((node * 7919) % 1_009) - 504);
  let next = new Float64Array(vector.length);
  let value = 0;
  for (let round = 0; round < roundsMax; round += 1) {
    const share = dot(vector, first);
    for (let node = 0; node < vector.length; node += 1)
      vector[node] = (vector[node] as number) - share * (first[node] as number);
    scale(vector);
    for (let node = 0; node < next.length; node += 1) {
      let sum = 0;
      for (const neighbor of neighbors[node] as readonly number[])
        sum += (vector[neighbor] as number) / (roots[neighbor] as number);
      next[node] = roots[node] === 0 ? 0 : sum / (roots[node] as number);
    }
    value = Math.sqrt(dot(next, next));
    [vector, next] = [next, vector];
  }
  return value;
}

/** To a length of 1; nothing stays nothing. */
function scale(vector: Float64Array): void {
  const length = Math.sqrt(dot(vector, vector));
  if (length === 0) return;
  for (let index = 0; index < vector.length; index += 1) vector[index] = (vector[index] as number) / length;
}

function dot(left: Float64Array, right: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < left.length; index += 1)
    sum += (left[index] as number) * (right[index] as number);
  return sum;
}

function bitsIn(word: number): number {
  let count = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}

function thousandths(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
