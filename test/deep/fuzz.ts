import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Random } from "@antibody/core";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Inputs of one decoder; ANTIBODY_FUZZ_INPUTS changes it for a quicker look. */
const inputsDefault = 1_000_000;

/** No single input may take longer: an attacker would send just that one. */
const inputMsMax = 50;

/** How much more heap may be in use after the last input than after the first tenth. */
const heapGrowthBytesMax = 32 * 1024 * 1024;

/** What a fuzzing run came to; the seed and index repeat the worst input. */
export interface FuzzOutcome {
  readonly inputs: number;
  /** What was thrown first, if anything: a decoder returns, whatever it is given. */
  readonly thrown?: { readonly index: number; readonly error: unknown; readonly input: Uint8Array };
  readonly slowest: { readonly index: number; readonly tookMs: number; readonly input: Uint8Array };
  readonly heapGrewBytes: number;
}

/** Gives a decoder well-formed examples with damage, and noise, from a seed. */
export function fuzz(
  seed: number,
  examples: readonly Uint8Array[],
  decode: (input: Uint8Array) => unknown,
): FuzzOutcome {
  const inputs = Number(process.env["ANTIBODY_FUZZ_INPUTS"] ?? inputsDefault);
  const random = Random.fromSeed(seed);
  let slowest: FuzzOutcome["slowest"] = { index: 0, tookMs: 0, input: new Uint8Array() };
  let heapBytes = 0;
  for (let index = 0; index < inputs; index += 1) {
    const input = mutate(random, random.pick(examples));
    let tookMs: number;
    try {
      tookMs = timed(decode, input);
      // A pause of the collector, or of the machine, is not the decoder's: only what takes the time itself is slow.
      if (tookMs > inputMsMax) tookMs = Math.min(worked(decode, input), worked(decode, input));
    } catch (error) {
      return { inputs: index, thrown: { index, error, input }, slowest, heapGrewBytes: 0 };
    }
    if (tookMs > slowest.tookMs) slowest = { index, tookMs, input };
    if (index === Math.floor(inputs / 10)) heapBytes = heapInUse();
  }
  return { inputs, slowest, heapGrewBytes: heapInUse() - heapBytes };
}

/** What is wrong with an outcome, for a test to compare with nothing. */
export function faultsOf(outcome: FuzzOutcome): readonly string[] {
  const { thrown, slowest, heapGrewBytes } = outcome;
  return [
    ...(thrown === undefined
      ? []
      : [
          `input ${thrown.index} threw ${String(thrown.error)}: ${Buffer.from(thrown.input).toString("base64")}`,
        ]),
    ...(slowest.tookMs > inputMsMax
      ? [`input ${slowest.index} took ${slowest.tookMs} ms: ${Buffer.from(slowest.input).toString("base64")}`]
      : []),
    ...(heapGrewBytes > heapGrowthBytesMax ? [`the heap grew by ${heapGrewBytes} bytes`] : []),
  ];
}

function timed(decode: (input: Uint8Array) => unknown, input: Uint8Array): number {
  const startedMs = performance.now();
  decode(input);
  return performance.now() - startedMs;
}

/** Time of the processor in this thread, however busy the machine is. */
function worked(decode: (input: Uint8Array) => unknown, input: Uint8Array): number {
  const before = process.threadCpuUsage();
  decode(input);
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}

function heapInUse(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

/** Changes to one example at most, and bytes that one of them repeats. */
const changesMax = 6;
const repeatedBytesMax = 32;

/** An example with bytes changed, cut, repeated or mixed; now and then pure noise. */
function mutate(random: Random, example: Uint8Array): Uint8Array {
  if (random.below(20) === 0) return Uint8Array.from({ length: random.below(200) }, () => random.below(256));
  const bytes = new Uint8Array(example.length + changesMax * repeatedBytesMax);
  bytes.set(example);
  let { length } = example;
  const changes = random.between(0, changesMax);
  for (let change = 0; change < changes && length > 0; change += 1) {
    const at = random.below(length);
    switch (random.below(5)) {
      case 0:
        bytes[at] = random.below(256);
        break;
      case 1:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
        break;
      case 2:
        length = at;
        break;
      case 3: {
        const repeated = Math.min(random.below(repeatedBytesMax), length - at);
        bytes.copyWithin(at + repeated, at, length);
        length += repeated;
        break;
      }
      default: {
        const removed = Math.min(random.below(8), length - at);
        bytes.copyWithin(at, at + removed, length);
        length -= removed;
        break;
      }
    }
  }
  return bytes.slice(0, length);
}
