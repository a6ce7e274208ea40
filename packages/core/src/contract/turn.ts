import type { Random } from "../random.ts";
import type { Event } from "./event.ts";
import type { Output } from "./output.ts";
import type { Now } from "./time.ts";

/** What the parts of a mind may use during one step. */
export interface Turn {
  readonly now: Now;
  /** The mind's own stream; its position is part of a dump. */
  readonly random: Random;
  emit(output: Output): void;
  tell(name: Event["name"], level: Event["level"], fields: Event["fields"]): void;
}
