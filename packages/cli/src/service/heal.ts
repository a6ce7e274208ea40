import { join } from "node:path";
import type { InstalledFile, Layout } from "./layout.ts";

/** What a service may be allowed to heal beyond what its user may. */
export const healKinds = ["files", "device"] as const;

/** One of them. */
export type HealKind = (typeof healKinds)[number];

/** The change of the unit that lets the service heal more, wherever a grant reaches. */
export function healDropIn(layout: Layout, kind: HealKind): InstalledFile {
  return {
    path: join(layout.dropIns, `heal-${kind}.conf`),
    content: [
      `# Made by: antibody install --heal ${kind}. Remove this file to take it back.`,
      "[Service]",
      ...{ files, device }[kind],
      "",
    ].join("\n"),
  };
}

/** Nothing that the service starts for policy inherits these. */
const files = ["AmbientCapabilities=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER"];

/** What services, packages, users, mounts and parameters of the kernel take is root, whatever it is called. */
const device = [
  "User=root",
  "CapabilityBoundingSet=~",
  "NoNewPrivileges=no",
  "RestrictNamespaces=no",
  "RestrictSUIDSGID=no",
  "ProtectKernelModules=no",
  "ProtectClock=no",
];
