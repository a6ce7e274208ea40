import { compareText, type ResourceId, type ResourcePromise } from "@antibody/policy";
import { readEditName } from "./parts/edit.ts";

/** A promise that would be kept. */
export interface Claimant {
  readonly resource: ResourceId;
  readonly promise: ResourcePromise;
  /** The higher one wins a conflict; of equal ones neither is kept. */
  readonly rank: number;
}

/** Two promises that cannot both be kept, and what of. */
interface Conflict {
  readonly one: Claimant;
  readonly other: Claimant;
  readonly what: string;
}

/**
 * Promises of different resources that would undo each other for ever, each with why it is not kept: two owners of
 * one path, of one line or key, of one address. Resources are one thing only by their names; this finds what stays
 * hidden behind two names. Takes n log n.
 */
export function findConflicts(claimants: Iterable<Claimant>): ReadonlyMap<ResourceId, string> {
  const groups = groupsOf(claimants);
  const refused = new Map<ResourceId, string>();
  for (const [group, members] of groups) {
    if (members.length < 2) continue;
    for (const { one, other, what } of conflictsIn(group, members)) {
      if (one.rank <= other.rank) refused.set(one.resource, `conflicts with ${other.resource}: ${what}`);
      if (other.rank <= one.rank) refused.set(other.resource, `conflicts with ${one.resource}: ${what}`);
    }
  }
  return refused;
}

/** Claimants by what they share, such as `path:/etc/hosts`. Most share nothing with any other. */
function groupsOf(claimants: Iterable<Claimant>): ReadonlyMap<string, readonly Claimant[]> {
  const groups = new Map<string, Claimant[]>();
  for (const claimant of claimants) {
    const group = groupOf(claimant);
    if (group === undefined) continue;
    const members = groups.get(group);
    if (members === undefined) groups.set(group, [claimant]);
    else members.push(claimant);
  }
  return groups;
}

function groupOf({ resource, promise }: Claimant): string | undefined {
  const colon = resource.indexOf(":");
  const name = resource.slice(colon + 1);
  switch (resource.slice(0, colon)) {
    case "file":
    case "directory":
    case "symlink":
      return `path:${name}`;
    case "line":
    case "key":
      return `path:${readEditName(name)?.path ?? name}`;
    case "service":
      return `service:${name.replace(/\.service$/, "")}`;
    case "route":
      return `listen:${textOf(promise["listen"])}`;
    case "sshkey":
      return `sshkey:${name.split("/")[0]} ${textOf(promise["key"])}`;
    default:
      return undefined;
  }
}

function conflictsIn(group: string, members: readonly Claimant[]): readonly Conflict[] {
  if (group.startsWith("path:"))
    return [...conflictsAtPath(members), ...conflictsOfKeys(members), ...conflictsOfLines(members)];
  if (group.startsWith("sshkey:")) return conflictsAmong(members, "one key of one user", isSameKey);
  const what = group.startsWith("listen:") ? "both would listen there" : "they are one service";
  return conflictsAmong(members, what, () => false);
}

/** Each that differs from the first: enough to tell of every one. */
function conflictsAmong(
  members: readonly Claimant[],
  what: string,
  agree: (one: Claimant, other: Claimant) => boolean,
): readonly Conflict[] {
  const [one, ...others] = members;
  if (one === undefined) return [];
  return others.flatMap((other) => (agree(one, other) ? [] : [{ one, other, what }]));
}

function isSameKey({ promise: one }: Claimant, { promise: other }: Claimant): boolean {
  return one["absent"] === other["absent"] && one["options"] === other["options"];
}

/** What stands at a path is one thing; and who promises all of it leaves no line to others. */
function conflictsAtPath(members: readonly Claimant[]): readonly Conflict[] {
  const whole = members.filter(({ resource }) => !isEdit(resource));
  const edits = members.filter(({ resource, promise }) => isEdit(resource) && promise["absent"] !== true);
  const areBothAbsent = (one: Claimant, other: Claimant): boolean =>
    one.promise["absent"] === true && other.promise["absent"] === true;
  return [
    ...conflictsAmong(whole, "only one of them can stand there", areBothAbsent),
    ...whole.flatMap((one) =>
      leavesLines(one)
        ? []
        : edits.map((other) => ({ one, other, what: "one promises the whole, one a part" })),
    ),
  ];
}

function isEdit(resource: ResourceId): boolean {
  return resource.startsWith("line:") || resource.startsWith("key:");
}

function leavesLines({ resource, promise }: Claimant): boolean {
  return resource.startsWith("file:") && promise["content"] === undefined && promise["absent"] !== true;
}

function conflictsOfKeys(members: readonly Claimant[]): readonly Conflict[] {
  const byKey = new Map<string, Claimant[]>();
  for (const member of members) {
    if (!member.resource.startsWith("key:")) continue;
    const { key = readEditName(member.resource.slice("key:".length))?.label, section } = member.promise;
    const name = JSON.stringify([section ?? null, key]);
    const same = byKey.get(name);
    if (same === undefined) byKey.set(name, [member]);
    else same.push(member);
  }
  return [...byKey.values()].flatMap((same) =>
    conflictsAmong(
      same,
      "they are one key",
      ({ promise: one }, { promise: other }) => one["value"] === other["value"],
    ),
  );
}

/** A line that another one takes for its own by how it begins; or that one wants and one does not. */
function conflictsOfLines(members: readonly Claimant[]): readonly Conflict[] {
  const lines = members
    .filter(({ resource, promise }) => resource.startsWith("line:") && promise["line"] !== undefined)
    .sort((left, right) => compareText(textOf(left.promise["line"]), textOf(right.promise["line"])));
  const wanted = lines.filter(({ promise }) => promise["absent"] !== true);
  return members.flatMap((one) => {
    const { line, begins, absent } = one.promise;
    if (!one.resource.startsWith("line:")) return [];
    const start = absent === true && begins === undefined ? textOf(line) : begins;
    if (start === undefined) return [];
    const other = firstFrom(
      wanted,
      textOf(start),
      (each) => each !== one && (absent === true || each.promise["line"] !== line),
    );
    const isExact = absent !== true || begins !== undefined || textOf(other?.promise["line"]) === line;
    return other === undefined || !isExact
      ? []
      : [{ one, other, what: "one takes the other's line for its own" }];
  });
}

/** The first of the sorted lines that begin so, and that is meant. */
function firstFrom(
  sorted: readonly Claimant[],
  start: string,
  isMeant: (claimant: Claimant) => boolean,
): Claimant | undefined {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareText(textOf(sorted[middle]?.promise["line"]), start) < 0) low = middle + 1;
    else high = middle;
  }
  for (let at = low; at < sorted.length; at += 1) {
    const claimant = sorted[at];
    if (claimant === undefined || !textOf(claimant.promise["line"]).startsWith(start)) return undefined;
    if (isMeant(claimant)) return claimant;
  }
  return undefined;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
