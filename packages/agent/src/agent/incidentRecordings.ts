import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzipSync, gzip } from "node:zlib";
import { writeFileAtomic } from "../state/atomicFile.ts";
import { errnoOf } from "../state/stateError.ts";

/** Bytes of all recordings of incidents in a state directory; the oldest go first. Guess: dozens of them. */
const recordingsBytesMax = 33_554_432;
/** Recordings kept. The bound on incidents (core: incidentsKeptMax) is larger: the case itself is kept longer. */
const recordingsMax = 32;
/** Cases of one moment share a recording, which also holds what came next. Guess. */
const gatherMs = 1_000;

const suffix = ".recording.gz";

/** What keeps recordings needs. */
export interface IncidentRecordingsOptions {
  /** The state directory. */
  readonly directory: string;
  /** The flight recorder, as it is now. */
  readonly recording: () => Uint8Array;
  readonly onFailure: (error: unknown) => void;
}

/** Brings the flight recorder to disk when a case is given to a human: then only, since it is meant to wear no card. */
export class IncidentRecordings {
  readonly #options: IncidentRecordingsOptions;
  #waiting: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: IncidentRecordingsOptions) {
    this.#options = options;
  }

  /** A case was opened: its recording is kept, a little later. */
  opened(incident: string): void {
    this.#waiting.push(incident);
    this.#timer ??= setTimeout(() => this.#gather(), gatherMs);
  }

  /** Writes what waits, and ends. To be called while the recorder still records. */
  async close(): Promise<void> {
    if (this.#timer !== undefined) this.#gather();
    await this.#writing;
  }

  #gather(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const incidents = this.#waiting;
    this.#waiting = [];
    const bytes = this.#options.recording();
    this.#writing = this.#writing.then(() => this.#write(incidents, bytes)).catch(this.#options.onFailure);
  }

  async #write(incidents: readonly string[], bytes: Uint8Array): Promise<void> {
    const [first, ...others] = incidents;
    if (first === undefined) return;
    const packed = await promisify(gzip)(bytes);
    const directory = recordingsDirectory(this.#options.directory);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    makeRoom(directory, packed.length, incidents.length);
    writeFileAtomic(join(directory, `${first}${suffix}`), packed, 0o600);
    // One file under several names: cases of one moment cost its bytes once.
    for (const other of others.slice(0, recordingsMax - 1))
      linkSync(join(directory, `${first}${suffix}`), join(directory, `${other}${suffix}`));
  }
}

/** The recording that was kept with a case; undefined where there is none, or no more. */
export function readIncidentRecording(stateDirectory: string, incident: string): Uint8Array | undefined {
  try {
    return gunzipSync(readFileSync(join(recordingsDirectory(stateDirectory), `${incident}${suffix}`)));
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Incidents whose recordings are kept, by id. Throws what the system refuses. */
export function recordedIncidents(stateDirectory: string): readonly string[] {
  try {
    return readdirSync(recordingsDirectory(stateDirectory))
      .filter((name) => name.endsWith(suffix))
      .map((name) => name.slice(0, -suffix.length));
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return [];
    throw error;
  }
}

function recordingsDirectory(stateDirectory: string): string {
  return join(stateDirectory, "incidents");
}

function makeRoom(directory: string, bytes: number, count: number): void {
  const kept = readdirSync(directory)
    .filter((name) => name.endsWith(suffix))
    .map((name) => ({ path: join(directory, name), stat: statSync(join(directory, name)) }))
    .sort((left, right) => left.stat.mtimeMs - right.stat.mtimeMs);
  let bytesCount = kept.reduce((sum, { stat }) => sum + stat.size, bytes);
  let filesCount = kept.length + count;
  for (const { path, stat } of kept) {
    if (bytesCount <= recordingsBytesMax && filesCount <= recordingsMax) return;
    rmSync(path, { force: true });
    bytesCount -= stat.size;
    filesCount -= 1;
  }
}
