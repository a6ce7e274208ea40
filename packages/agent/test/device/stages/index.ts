import { commandStage, directoryStage, fileStage, processStage } from "./classics.ts";
import { containerStage } from "./containers.ts";
import { keyStage, lineStage, symlinkStage } from "./files.ts";
import { sysctlStage } from "./kernel.ts";
import { mountStage } from "./mounts.ts";
import { packageStage } from "./packages.ts";
import { foreignStage, timerStage } from "./programs.ts";
import { serviceStage } from "./services.ts";
import type { Stage } from "./stage.ts";
import { sshkeyStage, userStage } from "./users.ts";

/** Every kind whose real thing is broken and healed, with how many broken states a quick run takes. */
export const stages: readonly (readonly [Stage, number])[] = [
  [commandStage, 4],
  [containerStage, 20],
  [directoryStage, 20],
  [fileStage, 20],
  [foreignStage, 3],
  [keyStage, 20],
  [lineStage, 20],
  [mountStage, 20],
  [packageStage, 2],
  [processStage, 4],
  [serviceStage, 2],
  [sshkeyStage, 10],
  [symlinkStage, 20],
  [sysctlStage, 20],
  [timerStage, 8],
  [userStage, 3],
];
