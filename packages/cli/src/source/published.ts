import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AuthorId, StreamName } from "@antibody/policy";

/** Files kept of one stream; the oldest goes first. A guess: nobody goes back further. */
const keptMax = 100;

/** Whose files, of which stream, in the state directory of the device that publishes. */
export interface PublishedPlace {
  readonly state: string;
  readonly author: AuthorId;
  readonly stream: StreamName;
}

/** Keeps the text of what was published, so that it can be published again. */
export function keepPublished(place: PublishedPlace, generation: number, text: string): void {
  const directory = directoryOf(place);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(join(directory, `${generation}.yaml`), text, { mode: 0o600 });
  for (const old of generationsKept(place).slice(0, -keptMax))
    rmSync(join(directory, `${old}.yaml`), { force: true });
}

/** Generations whose text was kept, the oldest first. */
export function generationsKept(place: PublishedPlace): readonly number[] {
  const directory = directoryOf(place);
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .flatMap((name) => (/^[1-9]\d*\.yaml$/.test(name) ? [Number.parseInt(name, 10)] : []))
    .sort((left, right) => left - right);
}

/** The file of a generation that was kept. */
export function publishedFile(place: PublishedPlace, generation: number): string {
  return join(directoryOf(place), `${generation}.yaml`);
}

function directoryOf({ state, author, stream }: PublishedPlace): string {
  return join(state, "published", author, stream);
}
