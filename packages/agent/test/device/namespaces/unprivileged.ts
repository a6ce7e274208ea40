/**
 * Promises what only root may keep, as somebody else: `unprivileged.ts ROOT STATE`. Says one line of JSON for each, as
 * the other scripts do.
 */
import type { ResourcePromise } from "@antibody/policy";
import { Alone, say } from "./alone.ts";

const [, , root = "", stateDirectory = ""] = process.argv;
const promises: readonly (readonly [string, ResourcePromise])[] = [
  ["foreign:init", { program: "intruder", absent: true, stopTimeout: "1s" }],
  ["line:/etc/hosts#it", { line: "10.0.0.1 a" }],
  ["mount:/mnt", { source: "none", fsType: "tmpfs" }],
  ["package:hello", { source: "/srv/hello.deb" }],
  ["sshkey:root/me", { key: "ssh-ed25519 AAAA" }],
  ["symlink:/etc/link", { target: "x" }],
  ["sysctl:net.ipv4.ip_forward", { value: "1" }],
  ["user:alice", {}],
];

const alone = new Alone(root, stateDirectory);
for (const [resource, promise] of promises) say(resource, promise, await alone.heal(resource, promise));
await alone.stop();
