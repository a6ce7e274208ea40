import { DeviceError } from "../deviceError.ts";
import { complaintCharactersMax, type Engine, engineError } from "./engine.ts";

/** How a container is ended, and what it may be called for a moment. */
export interface Container {
  readonly name: string;
  readonly stopSeconds: number;
}

/** Fetches an image that the engine does not have. Throws with what the engine says of it. */
export async function fetchImage(engine: Engine, image: string, pull: "missing" | "never"): Promise<void> {
  const known = await engine.ask("GET", `/images/${encodeURI(image)}/json`);
  if (known.status === 200) return;
  if (known.status !== 404 || pull === "never") throw engineError(`find the image ${image}`, known);
  const answer = await engine.do("POST", `/images/create?${imageQuery(image)}`, `fetch ${image}`);
  // It says 200 before it begins: whether it came through stands in the last line.
  const last = answer.text.trimEnd().split("\n").at(-1) ?? "";
  if (last.includes('"error"'))
    throw new DeviceError(
      "EPULL",
      `the engine could not fetch ${image}: ${last.slice(0, complaintCharactersMax)}`,
    );
}

/** Without a tag the engine would fetch every one. */
function imageQuery(image: string): string {
  const hasTag = image.includes("@") || /:[^/]*$/.test(image);
  return new URLSearchParams({ fromImage: hasTag ? image : `${image}:latest` }).toString();
}

/** Creates a container under a name; what an interrupted action left under it goes first. */
export async function createContainer(engine: Engine, name: string, settings: object): Promise<void> {
  const create = `/containers/create?name=${name}`;
  const first = await engine.ask("POST", create, settings);
  if (first.status < 300) return;
  if (first.status !== 409 || !name.endsWith(nextSuffix)) throw engineError(`create ${name}`, first);
  await removeContainer(engine, name);
  await engine.do("POST", create, `create ${name}`, settings);
}

/** Nothing happens where it runs already. */
export async function startContainer(engine: Engine, name: string): Promise<void> {
  await engine.do("POST", `/containers/${name}/start`, `start ${name}`, undefined, [304]);
}

/** Nothing happens where it is stopped already, or gone. */
export async function stopContainer(engine: Engine, { name, stopSeconds }: Container): Promise<void> {
  await engine.do("POST", `/containers/${name}/stop?t=${stopSeconds}`, `stop ${name}`, undefined, [304, 404]);
}

/** Nothing happens where it is gone. */
export async function removeContainer(engine: Engine, name: string): Promise<void> {
  await engine.do("DELETE", `/containers/${name}?force=1`, `remove ${name}`, undefined, [404]);
}

/** Names beside that of a container: of the one that shall take its place, and of the one that had it. */
const nextSuffix = "-antibody-next";
const beforeSuffix = "-antibody-before";

/**
 * Puts a new container in the place of one: what can fail without harm comes first, and where the new one does not
 * start, the old one comes back and runs as before.
 */
export async function replaceContainer(
  engine: Engine,
  container: Container,
  settings: object,
  isRunning: boolean,
): Promise<void> {
  const { name } = container;
  const [next, before] = [name + nextSuffix, name + beforeSuffix];
  await createContainer(engine, next, settings);
  await removeContainer(engine, before);
  try {
    await stopContainer(engine, container);
    await rename(engine, name, before);
    await rename(engine, next, name);
    await startContainer(engine, name);
  } catch (error) {
    await bringBack(engine, name, isRunning);
    throw error;
  }
  await removeContainer(engine, before);
}

/**
 * Undoes a replacement from wherever it failed. An answer may have been lost after the engine did what it was asked: so
 * what it has is asked for, and not what it answered.
 */
async function bringBack(engine: Engine, name: string, isRunning: boolean): Promise<void> {
  const [next, before] = [name + nextSuffix, name + beforeSuffix];
  const moved = await engine.ask("GET", `/containers/${before}/json`);
  if (moved.status === 200) {
    await removeContainer(engine, name);
    await rename(engine, before, name);
  }
  if (isRunning) await startContainer(engine, name);
  await removeContainer(engine, next);
}

async function rename(engine: Engine, from: string, to: string): Promise<void> {
  await engine.do("POST", `/containers/${from}/rename?name=${to}`, `rename ${from}`);
}
