import {
  type ActionResult,
  type PackageObservation,
  type PackagePromise,
  type PackageVerb,
  type Plan,
  readPackagePromise,
} from "@antibody/core";
import { DeviceError } from "../deviceError.ts";
import { runTool, runToolWell, toolError } from "../process/runTool.ts";
import { Turns } from "../process/turns.ts";
import { type ActionRun, done, type ResourceBody, type Subject } from "../resourceBody.ts";
import type { Tree } from "../tree.ts";
import { lookAtPath } from "./entry.ts";

/** Time to ask the database. A guess: it is read within 50 ms, by a card in a second. */
const queryTimeoutMs = 20_000;
/** How long apt waits for another that holds the database. A guess. */
const lockSeconds = 30;
/** What apt ends with, whatever went wrong (apt-get(8)). */
const aptFailed = 100;
const quiet = { DEBIAN_FRONTEND: "noninteractive" };

/** Packages of dpkg, and of apt where they have no source of their own. */
export function packageBody(tree: Tree): ResourceBody {
  const turns = new Turns();
  return {
    slow: true,
    watchedPath: () => "/var/lib/dpkg/status",
    observe: ({ name }, signal) => query(tree, name, signal),
    act: (subject, plan, run) => turns.take(run.signal, () => actOnPackage(tree, subject, plan, run)),
  };
}

async function query(tree: Tree, name: string, signal: AbortSignal): Promise<PackageObservation> {
  if (lookAtPath(tree, "/var/lib/dpkg") === undefined)
    throw new DeviceError(
      "ENOENT",
      `${tree.real("/var/lib/dpkg")} does not exist: dpkg keeps no packages here`,
    );
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's own.
  const format = "${db:Status-Status}\\t${Version}\\n";
  const ran = await runTool(
    ["dpkg-query", `--admindir=${tree.real("/var/lib/dpkg")}`, `--showformat=${format}`, "--show", name],
    queryTimeoutMs,
    signal,
  );
  if (ran.code === 1 && ran.stderr.includes("no packages found")) return { type: "absent" };
  if (ran.code !== 0) throw toolError("dpkg-query", ran);
  const [status = "", version = ""] = (ran.stdout.split("\n")[0] ?? "").split("\t");
  if (status === "not-installed" || status === "config-files") return { type: "absent" };
  return status === "installed" ? { type: "installed", version } : { type: "broken", status, version };
}

async function actOnPackage(tree: Tree, subject: Subject, plan: Plan, run: ActionRun): Promise<ActionResult> {
  const promise = readPackagePromise(subject.promise);
  const verb = plan.verb as PackageVerb;
  const dpkg = (...words: readonly string[]): Promise<string> => {
    const under = tree.real("/") === "/" ? [] : [`--root=${tree.real("/")}`];
    const command = ["dpkg", ...under, "--force-confdef", "--force-confold", ...words];
    return runToolWell(command, plan.timeoutMs, run.signal, quiet);
  };
  switch (verb) {
    case "install":
      if (promise.source === undefined) await installByApt(tree, subject.name, promise, plan, run);
      else {
        run.progress(1, 1, "installing");
        await dpkg("--install", "--", sourceOf(tree, promise.source));
      }
      return done(`installed ${subject.name}`);
    case "configure":
      run.progress(1, 1, "configuring");
      await dpkg("--configure", subject.name);
      return done(`configured ${subject.name}`);
    case "remove":
      run.progress(1, 1, "removing");
      // Not by apt, which would take along whatever depends on it. One that is half installed need not be mended first.
      await dpkg("--force-remove-reinstreq", "--remove", subject.name);
      return done(`removed ${subject.name}`);
    default:
      verb satisfies never;
      throw new Error(`A package cannot ${plan.verb}`);
  }
}

function sourceOf(tree: Tree, path: string): string {
  if (lookAtPath(tree, path)?.stats.isFile() !== true)
    throw new DeviceError("ENOENT", `${path} is no file: there is nothing to install from`);
  return tree.real(path);
}

async function installByApt(
  tree: Tree,
  name: string,
  { version }: PackagePromise,
  plan: Plan,
  run: ActionRun,
): Promise<void> {
  if (tree.real("/") !== "/")
    throw new DeviceError("ENOTSUP", "apt installs into / alone; under another root, promise a source");
  const isBroken = (await query(tree, name, run.signal)).type === "broken";
  const install = [
    ...["apt-get", "-y", "-q", "--no-install-recommends", "--allow-downgrades"],
    ...["-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"],
    ...["-o", `DPkg::Lock::Timeout=${lockSeconds}`, ...(isBroken ? ["--reinstall"] : [])],
    ...["install", version === undefined ? name : `${name}=${version}`],
  ];
  run.progress(1, 3, "installing");
  const first = await runTool(install, plan.timeoutMs, run.signal, quiet);
  if (first.code === 0) return;
  if (first.code !== aptFailed) throw toolError("apt-get", first);
  // What it knows may be old: of a package, or of where it lies.
  run.progress(2, 3, "updating the lists of packages");
  await runToolWell(["apt-get", "-q", "update"], plan.timeoutMs, run.signal, quiet);
  run.progress(3, 3, "installing");
  await runToolWell(install, plan.timeoutMs, run.signal, quiet);
}
