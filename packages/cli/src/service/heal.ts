import { join } from "node:path";
import type { InstalledFile, Layout } from "./layout.ts";

/** What a service may be allowed to heal beyond what its user may. */
export const healKinds = ["files"] as const;

/** The change of the unit that lets the service heal files wherever a grant reaches; nothing that it starts inherits it. */
export function healDropIn(layout: Layout): InstalledFile {
  return {
    path: join(layout.dropIns, "heal-files.conf"),
    content: [
      "# Made by: antibody install --heal files. Remove this file to take it back.",
      "[Service]",
      "AmbientCapabilities=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER",
      "",
    ].join("\n"),
  };
}
