import { ByteReader, ByteWriter } from "./bytes.ts";
import type { Changes, Detections, RecordedStep, RecordedStream, Recording, Samples } from "./recording.ts";

/** The first number of every encoded recording: another one is another format. */
const version = 1;

/** The parts that are text and small: one piece of JSON. Names are left out where they follow from the index. */
interface Head {
  readonly title: string;
  readonly durationMs: number;
  readonly agents: number;
  readonly names?: readonly string[];
  readonly steps: readonly Pick<RecordedStep, "atMs" | "label">[];
  readonly streams: readonly Omit<RecordedStream, "inForce">[];
  readonly places: readonly string[];
  readonly gaps: readonly string[];
}

/**
 * A recording as bytes: a head, then columns. Each column holds the differences between neighbors, and those of one
 * kind stand together, so that what is alike lies side by side for the compression that follows.
 */
export function encodeRecording(recording: Recording): Uint8Array {
  const { title, durationMs, names, steps, streams, places, gaps } = recording;
  const isPlain = names.every((name, index) => name === plainName(index));
  const head: Head = {
    title,
    durationMs,
    agents: names.length,
    ...(isPlain ? {} : { names }),
    steps: steps.map(({ atMs, label }) => ({ atMs, label })),
    streams: streams.map(({ name, generations }) => ({ name, generations })),
    places,
    gaps,
  };
  const writer = new ByteWriter();
  writer.unsigned(version);
  const text = new TextEncoder().encode(JSON.stringify(head));
  writer.unsigned(text.length);
  writer.raw(text);
  for (const { agents } of steps) {
    writer.unsigned(agents === undefined ? 0 : 1);
    if (agents !== undefined) writeColumn(writer, agents);
  }
  for (const { inForce } of streams) writeChanges(writer, inForce);
  for (const key of changeKeys) writeChanges(writer, recording[key]);
  for (const key of sampleKeys) writeColumn(writer, recording.samples[key]);
  for (const key of detectionKeys) writeDetections(writer, recording[key]);
  return writer.bytes();
}

/** Undoes `encodeRecording`. Throws for bytes that it never made. */
export function decodeRecording(bytes: Uint8Array): Recording {
  const reader = new ByteReader(bytes);
  const found = reader.unsigned();
  if (found !== version) throw new Error(`A recording of format ${found} cannot be read here`);
  const head = JSON.parse(new TextDecoder().decode(reader.raw(reader.unsigned()))) as Head;
  const { title, durationMs, places, gaps } = head;
  const names = head.names ?? Array.from({ length: head.agents }, (_, index) => plainName(index));
  const steps = head.steps.map((step) =>
    reader.unsigned() === 0 ? step : { ...step, agents: [...readColumn(reader)] },
  );
  const streams = head.streams.map((stream) => ({ ...stream, inForce: readChanges(reader) }));
  const changes = {} as Record<(typeof changeKeys)[number], Changes>;
  for (const key of changeKeys) changes[key] = readChanges(reader);
  const samples = {} as Record<(typeof sampleKeys)[number], Float64Array>;
  for (const key of sampleKeys) samples[key] = readColumn(reader);
  const detections = {} as Record<(typeof detectionKeys)[number], Detections>;
  for (const key of detectionKeys) detections[key] = readDetections(reader);
  return { title, durationMs, names, steps, streams, places, gaps, ...changes, samples, ...detections };
}

const changeKeys = ["processes", "whereabouts", "held", "mistaken"] as const;
const sampleKeys = [
  "atMs",
  "messages",
  "bytes",
  "drifts",
  "repairs",
] as const satisfies readonly (keyof Samples)[];
const detectionKeys = ["endDetections", "pauseDetections"] as const;

function plainName(index: number): string {
  return `agent-${index}`;
}

function writeChanges(writer: ByteWriter, { atMs, agent, value }: Changes): void {
  writeColumn(writer, atMs);
  writeColumn(writer, agent);
  writeColumn(writer, value);
}

function readChanges(reader: ByteReader): Changes {
  return { atMs: readColumn(reader), agent: readColumn(reader), value: readColumn(reader) };
}

function writeDetections(writer: ByteWriter, { tookMs, count, missing }: Detections): void {
  writeColumn(writer, tookMs);
  writeColumn(writer, count);
  writer.unsigned(missing);
}

function readDetections(reader: ByteReader): Detections {
  return { tookMs: readColumn(reader), count: readColumn(reader), missing: reader.unsigned() };
}

function writeColumn(writer: ByteWriter, values: ArrayLike<number>): void {
  writer.unsigned(values.length);
  let before = 0;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] as number;
    writer.signed(value - before);
    before = value;
  }
}

function readColumn(reader: ByteReader): Float64Array {
  const length = reader.unsigned();
  const values = new Float64Array(length);
  let value = 0;
  for (let index = 0; index < length; index += 1) {
    value += reader.signed();
    values[index] = value;
  }
  return values;
}
