import { readFileSync } from "node:fs";
import { DeviceError } from "./deviceError.ts";

/** How long the files of users and groups are trusted unread. A guess: nobody waits a second for a new user. */
const freshMs = 1_000;

interface NameTable {
  readonly byName: ReadonlyMap<string, number>;
  readonly byId: ReadonlyMap<number, string>;
}

/** Names of users and groups as the device knows them: `/etc/passwd` and `/etc/group`, without asking a network. */
export class Owners {
  #users: NameTable = { byName: new Map(), byId: new Map() };
  #groups: NameTable = this.#users;
  #readMs = Number.NEGATIVE_INFINITY;

  /** `user:group`, by number where there is no name. */
  nameOf(uid: number, gid: number): string {
    this.#refresh();
    return `${this.#users.byId.get(uid) ?? uid}:${this.#groups.byId.get(gid) ?? gid}`;
  }

  /** Reads `user` or `user:group`; the group is undefined when not said. Throws EINVAL for an unknown name. */
  idsOf(owner: string): { readonly uid: number; readonly gid: number | undefined } {
    this.#refresh();
    const [user = "", group] = owner.split(":");
    return {
      uid: idOf(this.#users, user, "user"),
      gid: group === undefined ? undefined : idOf(this.#groups, group, "group"),
    };
  }

  #refresh(): void {
    const nowMs = performance.now();
    if (nowMs - this.#readMs < freshMs) return;
    this.#readMs = nowMs;
    this.#users = readTable("/etc/passwd");
    this.#groups = readTable("/etc/group");
  }
}

function idOf(table: NameTable, name: string, what: string): number {
  const id = table.byName.get(name) ?? (/^\d{1,10}$/.test(name) ? Number(name) : undefined);
  if (id === undefined) throw new DeviceError("EINVAL", `this device has no ${what} named ${name}`);
  return id;
}

/** Both files hold `name:password:id:...`. Of two names for one id the first counts, as for `ls`. */
function readTable(path: string): NameTable {
  const byName = new Map<string, number>();
  const byId = new Map<number, string>();
  for (const line of readText(path).split("\n")) {
    const [name, , id] = line.split(":");
    if (name === undefined || name === "" || id === undefined || !/^\d+$/.test(id)) continue;
    byName.set(name, Number(id));
    if (!byId.has(Number(id))) byId.set(Number(id), name);
  }
  return { byName, byId };
}

/** A device without the file knows no names, and shows numbers. */
function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
