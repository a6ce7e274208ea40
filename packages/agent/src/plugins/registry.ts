import { lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod/mini";
import { writeFileAtomic } from "../state/atomicFile.ts";
import { errnoOf, StateError } from "../state/stateError.ts";

/** Plug-ins of one device. A guess: each is a process. */
const pluginsMax = 32;
const wordsMax = 64;
const wordCharactersMax = 4_096;

/** What the owner registered on the device: programs by the names that promises call them by. No policy reaches it. */
export interface PluginRegistry {
  readonly v: 1;
  readonly plugins: { readonly [name: string]: RegisteredPlugin };
}

/** One program that keeps resources. */
export interface RegisteredPlugin {
  /** The program and its arguments; what confines it stands before it (`bwrap`, `setpriv`, `systemd-run --pipe`). */
  readonly command: readonly string[];
}

const registryShape: z.ZodMiniType<PluginRegistry> = z.strictObject({
  v: z.literal(1),
  plugins: z
    .record(
      z.string().check(z.regex(/^[a-z][a-z0-9-]{0,31}$/, "expected a name of 1 to 32 of a-z, 0-9 and -")),
      z.strictObject({
        command: z
          .array(z.string().check(z.maxLength(wordCharactersMax), z.regex(/^[^\0]*$/, "expected no NUL")))
          .check(
            z.minLength(1),
            z.maxLength(wordsMax),
            z.refine(
              ([program]) => program?.startsWith("/") === true,
              "expected a program by its absolute path",
            ),
          ),
      }),
    )
    .check(
      z.refine((plugins) => Object.keys(plugins).length <= pluginsMax, `expected at most ${pluginsMax}`),
    ),
});

/** Reads what is registered; nothing where nobody registered anything. Throws a StateError. */
export function readPlugins(stateDirectory: string): PluginRegistry {
  const path = registryPath(stateDirectory);
  try {
    // Who can write there decides what the agent runs.
    if ((lstatSync(path).mode & 0o022) !== 0) throw wrong(path, "others can write it");
    return checked(JSON.parse(readFileSync(path, "utf8")), path);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return { v: 1, plugins: {} };
    if (error instanceof SyntaxError) throw wrong(path, "it is not JSON");
    throw error;
  }
}

/** Writes what is registered. Throws a StateError. */
export function writePlugins(stateDirectory: string, registry: PluginRegistry): void {
  const path = registryPath(stateDirectory);
  writeFileAtomic(path, `${JSON.stringify(checked(registry, path), undefined, 2)}\n`, 0o600);
}

/** Paths in the commands of plug-ins: whoever may change what lies there decides what the agent runs. */
export function pluginPaths({ plugins }: PluginRegistry): readonly string[] {
  const words = Object.values(plugins).flatMap(({ command }) => command);
  // The tools of the system that confine are nobody's business here: their packages may be promised.
  return words.filter((word, index) => word.startsWith("/") && (index === 0 || !systemTool.test(word)));
}

const systemTool = /^\/(usr\/)?s?bin\//;

function checked(value: unknown, path: string): PluginRegistry {
  const read = registryShape.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw wrong(path, `${(issue?.path ?? []).map(String).join(".")}: ${issue?.message ?? "wrong shape"}`);
}

function registryPath(stateDirectory: string): string {
  return join(stateDirectory, "plugins.json");
}

function wrong(path: string, what: string): StateError {
  const next = "antibody plugin list; a plug-in is written anew by antibody plugin add";
  return new StateError("stateBroken", `${path} cannot be used: ${what}`, next);
}
