import { join } from "node:path";
import type { Environment } from "@antibody/agent/control";
import { completionScript } from "../reference/completion.ts";
import { manualPage } from "../reference/manual.ts";
import type { CommandNode } from "../reference/tree.ts";
import { serviceState, unitName, unitText } from "./unit.ts";

/** A file that the installation writes. */
export interface InstalledFile {
  readonly path: string;
  readonly content: string;
}

/** Where everything of an installation lies: for the device, or for one user. */
export interface Layout {
  readonly scope: "system" | "user";
  readonly executable: string;
  readonly unit: string;
  /** Changes of the unit that were made later, such as capabilities. */
  readonly dropIns: string;
  readonly completion: { readonly bash: string; readonly zsh: string; readonly fish: string };
  readonly manual: string;
  readonly state: string;
}

/** The places of an installation by root (the hierarchy for local software, FHS 4.9), or by a user (XDG). */
export function installLayout(userId: number, environment: Environment): Layout {
  if (userId === 0) {
    return {
      scope: "system",
      executable: "/usr/local/bin/antibody",
      unit: `/etc/systemd/system/${unitName}`,
      dropIns: `/etc/systemd/system/${unitName}.d`,
      completion: {
        bash: "/usr/local/share/bash-completion/completions/antibody",
        zsh: "/usr/local/share/zsh/site-functions/_antibody",
        fish: "/usr/local/share/fish/vendor_completions.d/antibody.fish",
      },
      manual: "/usr/local/share/man/man1/antibody.1",
      state: serviceState,
    };
  }
  const home = environment["HOME"] ?? "/";
  const data = environment["XDG_DATA_HOME"] ?? join(home, ".local/share");
  const config = environment["XDG_CONFIG_HOME"] ?? join(home, ".config");
  const states = environment["XDG_STATE_HOME"] ?? join(home, ".local/state");
  return {
    scope: "user",
    executable: join(home, ".local/bin/antibody"),
    unit: join(config, "systemd/user", unitName),
    dropIns: join(config, "systemd/user", `${unitName}.d`),
    completion: {
      bash: join(data, "bash-completion/completions/antibody"),
      zsh: join(data, "zsh/site-functions/_antibody"),
      fish: join(data, "fish/vendor_completions.d/antibody.fish"),
    },
    manual: join(data, "man/man1/antibody.1"),
    state: join(states, "antibody"),
  };
}

/** What is written beside the executable, which is copied. */
export function installedFiles(layout: Layout, tree: CommandNode, version: string): readonly InstalledFile[] {
  const { executable, scope, completion } = layout;
  return [
    { path: layout.unit, content: unitText({ executable, scope }) },
    { path: completion.bash, content: completionScript("bash", tree) },
    { path: completion.zsh, content: completionScript("zsh", tree) },
    { path: completion.fish, content: completionScript("fish", tree) },
    { path: layout.manual, content: manualPage(tree, version) },
  ];
}
