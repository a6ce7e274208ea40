import { keyStage, lineStage, symlinkStage } from "./files.ts";
import { packageStage } from "./packages.ts";
import { serviceStage } from "./services.ts";
import type { Stage } from "./stage.ts";

/** Every kind whose real thing is broken and healed, with how many broken states a quick run takes. */
export const stages: readonly (readonly [Stage, number])[] = [
  [keyStage, 20],
  [lineStage, 20],
  [packageStage, 3],
  [serviceStage, 4],
  [symlinkStage, 20],
];
