import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { ResourcePromise } from "@antibody/policy";
import { expect } from "vitest";
import { whyWithout } from "../../../../cli/test/tools.ts";
import { type Rig, resource } from "../rig.ts";
import type { Draw } from "./drawing.ts";
import type { Stage } from "./stage.ts";

const onlyRoot = process.getuid?.() === 0 ? undefined : "only root makes users";

/** Users in the files of the test's root, changed by the real tools. */
export const userStage: Stage = {
  kind: "user",
  reason: onlyRoot ?? whyWithout("useradd", "usermod", "userdel"),
  arrange: (rig, draw, turn) => {
    makeAccounts(rig);
    const name = `user${turn}`;
    if (draw.below(3) > 0) {
      addUser(rig, name, 5_000 + turn, draw.of("/bin/sh", "/bin/false"), draw.of("!", "$6$salt$secrethash"));
      if (draw.below(2) === 0)
        edit(rig, "/etc/group", (text) => text.replace(/^adm:x:4:.*$/m, `adm:x:4:${name}`));
    }
    if (draw.below(4) === 0) edit(rig, "/etc/group", (text) => `${text}${name}:x:${9_000 + turn}:\n`);
    const before = accounts(rig, name);
    return {
      id: resource(`user:${name}`),
      promise: draw.of<ResourcePromise>(
        {},
        { shell: "/bin/false", locked: true },
        { uid: 7_000 + turn, groups: ["adm", "users"], home: `/home/${name}` },
        { group: "users", groups: ["adm"], shell: "/bin/sh" },
        { absent: true },
      ),
      after: () => {
        expect(accounts(rig, name)).toBe(before);
        expect(JSON.stringify(rig.inputs)).not.toContain("secrethash");
      },
    };
  },
};

/** The users of a small device. */
function makeAccounts(rig: Rig): void {
  if (existsSync(rig.real("/etc/passwd"))) return;
  mkdirSync(rig.real("/etc"), { recursive: true });
  writeFileSync(rig.real("/etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
  writeFileSync(rig.real("/etc/group"), "root:x:0:\nadm:x:4:\nusers:x:100:\n");
  writeFileSync(rig.real("/etc/shadow"), "root:*:19000:0:99999:7:::\n");
  writeFileSync(rig.real("/etc/gshadow"), "root:*::\nadm:*::\nusers:*::\n");
}

function addUser(rig: Rig, name: string, uid: number, shell: string, hash: string): void {
  edit(rig, "/etc/passwd", (text) => `${text}${name}:x:${uid}:100::/home/${name}:${shell}\n`);
  edit(rig, "/etc/shadow", (text) => `${text}${name}:${hash}:19000:0:99999:7:::\n`);
}

function edit(rig: Rig, path: string, change: (text: string) => string): void {
  writeFileSync(rig.real(path), change(readFileSync(rig.real(path), "utf8")));
}

/** Everybody but one. */
function accounts(rig: Rig, name: string): string {
  const lines = readFileSync(rig.real("/etc/passwd"), "utf8").split("\n");
  return lines.filter((line) => !line.startsWith(`${name}:`)).join("\n");
}

const keys = ["ssh-ed25519 AAAAone", "ssh-ed25519 AAAAtwo", "ssh-rsa AAAAthree"] as const;

/** Keys of users whose home is in the test's root. */
export const sshkeyStage: Stage = {
  kind: "sshkey",
  arrange: (rig, draw, turn) => {
    makeAccounts(rig);
    const name = `keys${turn}`;
    const uid = process.getuid?.() === 0 ? 5_000 + turn : (process.getuid?.() ?? 0);
    addUser(rig, name, uid, "/bin/sh", "!");
    const [home, directory] = [`/home/${name}`, `/home/${name}/.ssh`];
    mkdirSync(rig.real(home), { recursive: true });
    const others = writeKeys(rig, draw, directory, uid);
    const promise: ResourcePromise = {
      key: keys[0],
      ...draw.of<ResourcePromise>({}, { options: "restrict" }, { absent: true }),
    };
    return {
      id: resource(`sshkey:${name}/laptop`),
      promise,
      after: () => {
        const now = readKeys(rig, directory).filter((line) => !line.includes(keys[0]));
        expect(now).toEqual(others);
      },
    };
  },
};

/** Writes what may be there. Returns the lines that are about other keys. */
function writeKeys(rig: Rig, draw: Draw, directory: string, uid: number): readonly string[] {
  if (draw.below(4) === 0) return [];
  mkdirSync(rig.real(directory), { mode: 0o700 });
  if (process.getuid?.() === 0) chownSync(rig.real(directory), draw.of(uid, 1), 100);
  chmodSync(rig.real(directory), draw.of(0o700, 0o770));
  if (draw.below(4) === 0) return [];
  const forms = [...keys, `restrict ${keys[0]} me`, `${keys[0]} other comment`, "# comment", ""];
  const lines = Array.from({ length: draw.below(6) }, () => forms[draw.below(forms.length)] ?? "");
  const at = rig.real(`${directory}/authorized_keys`);
  writeFileSync(at, lines.map((line) => `${line}\n`).join(""));
  if (process.getuid?.() === 0) chownSync(at, uid, 100);
  chmodSync(at, draw.of(0o600, 0o666));
  return lines.filter((line) => !line.includes(keys[0]));
}

function readKeys(rig: Rig, directory: string): readonly string[] {
  const at = rig.real(`${directory}/authorized_keys`);
  return existsSync(at) ? readFileSync(at, "utf8").split("\n").slice(0, -1) : [];
}
