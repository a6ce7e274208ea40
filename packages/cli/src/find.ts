import type { Inspection, MemberView } from "@antibody/core";
import { matchIdPrefix, type ResourceId, shortId } from "@antibody/policy";
import { CliError, exitCode } from "./errors.ts";

/** Finds the one id that a text abbreviates; throws a CliError that lists what it could mean. */
export function findId<Id extends string>(ids: Iterable<Id>, text: string, what: string, next: string): Id {
  const match = matchIdPrefix(ids, text);
  if ("found" in match) return match.found;
  if ("none" in match) throw notFound(what, text, next);
  throw ambiguous(what, text, match.ambiguous.map(shortId));
}

/** Finds a peer by its name or its abbreviated id. */
export function findPeer(inspection: Inspection, text: string, self: string): MemberView {
  const named = inspection.members.filter((member) => member.name === text);
  if (named.length > 1) {
    throw ambiguous(
      "peer",
      text,
      named.map((member) => shortId(member.agent)),
    );
  }
  const [only] = named;
  if (only !== undefined) return only;
  const ids = inspection.members.map((member) => member.agent);
  const id = findId(ids, text, "peer", `${self} peers`);
  const found = inspection.members.find((member) => member.agent === id);
  if (found === undefined) throw notFound("peer", text, `${self} peers`);
  return found;
}

/** Finds a resource that the agent knows: its id, what stands behind the colon, a file's name, or how one begins. */
export function findResource(inspection: Inspection, text: string, self: string): ResourceId {
  const known = new Set<ResourceId>([
    ...inspection.resources.map((view) => view.resource),
    ...inspection.heldClaims.map((claim) => claim.resource),
  ]);
  const itself = [...known].find((id) => id === text);
  if (itself !== undefined) return itself;
  const exact = [...known].filter((id) => namesOf(id).includes(text));
  const found =
    exact.length > 0 ? exact : [...known].filter((id) => namesOf(id).some((name) => name.startsWith(text)));
  const [only] = found;
  if (only === undefined) throw notFound("resource", text, `${self} status --all`);
  if (found.length > 1) throw ambiguous("resource", text, found.toSorted());
  return only;
}

/** What people call `file:/etc/motd`: that, `/etc/motd` and `motd`. */
function namesOf(id: ResourceId): readonly string[] {
  const name = id.slice(id.indexOf(":") + 1);
  return [id, name, name.slice(name.lastIndexOf("/") + 1)];
}

function notFound(what: string, text: string, next: string): CliError {
  return new CliError({
    code: "notFound",
    message: `no ${what} "${text.slice(0, 80)}"`,
    cause: `the agent knows no ${what} that is called or begins so`,
    next,
    exit: exitCode.failed,
  });
}

function ambiguous(what: string, text: string, matches: readonly string[]): CliError {
  const shown = matches.slice(0, 5).join(", ");
  return new CliError({
    code: "ambiguous",
    message: `"${text.slice(0, 80)}" is more than one ${what}`,
    cause: `it could be ${shown}${matches.length > 5 ? ` and ${matches.length - 5} more` : ""}`,
    next: "write more of it",
    exit: exitCode.failed,
  });
}
