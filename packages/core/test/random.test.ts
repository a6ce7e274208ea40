import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Random } from "../src/random.ts";

const seeds = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

describe("random stream", () => {
  it("gives the words of sfc32 for any seed", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = Random.fromSeed(seed);
        expect([random.word(), random.word(), random.word()]).toEqual(referenceWords(BigInt(seed), 3));
      }),
    );
  });

  it("goes on from any position", () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 0, max: 50 }), (seed, skip) => {
        const random = Random.fromSeed(seed);
        for (let index = 0; index < skip; index += 1) random.word();
        const again = Random.at(random.position());
        expect([again.word(), again.word()]).toEqual([random.word(), random.word()]);
      }),
    );
  });

  it("stays within bounds and reaches every value", () => {
    const random = Random.fromSeed(1);
    const reached = new Set<number>();
    for (let draw = 0; draw < 1_000; draw += 1) reached.add(random.between(3, 9));
    expect([...reached].sort()).toEqual([3, 4, 5, 6, 7, 8, 9]);
  });

  it("samples without repeating", () => {
    fc.assert(
      fc.property(
        seeds,
        fc.uniqueArray(fc.integer()),
        fc.integer({ min: 0, max: 20 }),
        (seed, items, count) => {
          const sample = Random.fromSeed(seed).sample(items, count);
          expect(sample.length).toBe(Math.min(count, items.length));
          expect(new Set(sample).size).toBe(sample.length);
          expect(sample.every((item) => items.includes(item))).toBe(true);
        },
      ),
    );
  });

  it("forks into streams that differ", () => {
    const random = Random.fromSeed(1);
    const left = random.fork();
    const right = random.fork();
    expect([left.word(), left.word()]).not.toEqual([right.word(), right.word()]);
  });
});

/** sfc32 in 64-bit arithmetic, masked: written apart from the code that it checks. */
function referenceWords(seed: bigint, count: number): number[] {
  const mask = 0xffff_ffffn;
  let [a, b, c, counter] = [seed & mask, (seed >> 32n) & mask, 0x9e37_79b9n, 1n];
  const word = (): bigint => {
    const sum = (a + b + counter) & mask;
    counter = (counter + 1n) & mask;
    a = b ^ (b >> 9n);
    b = (c + (c << 3n)) & mask;
    c = (((c << 21n) | (c >> 11n)) + sum) & mask;
    return sum;
  };
  for (let round = 0; round < 12; round += 1) word();
  return Array.from({ length: count }, () => Number(word()));
}
