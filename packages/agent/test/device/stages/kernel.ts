import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { sysctlFile, sysctlPath, sysctlText } from "@antibody/core";
import type { ResourcePromise } from "@antibody/policy";
import { resource } from "../rig.ts";
import type { Stage } from "./stage.ts";

/** Parameters in a `/proc/sys` of the test: plain files, which take any value. */
export const sysctlStage: Stage = {
  kind: "sysctl",
  arrange: (rig, draw, turn) => {
    const name = `net.ipv4.conf.eth0/${turn}.forwarding`;
    const at = rig.real(sysctlPath(name));
    mkdirSync(dirname(at), { recursive: true });
    writeFileSync(at, draw.of("0\n", "1\n", "1\t2\n", ""));
    const file = draw.of("none", "right", "other value", "other text");
    if (file !== "none") {
      mkdirSync(rig.real("/etc/sysctl.d"), { recursive: true });
      const text = {
        right: sysctlText(name, "1"),
        "other value": sysctlText(name, "0"),
        "other text": "x\n",
      }[file];
      writeFileSync(rig.real(sysctlFile(name)), text);
    }
    const promise = draw.of<ResourcePromise>(
      { value: "1" },
      { value: "1 2" },
      { value: "0", persist: false },
    );
    return { id: resource(`sysctl:${name}`), promise };
  },
};
