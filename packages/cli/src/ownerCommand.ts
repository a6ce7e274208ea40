import type { CommandRefusal } from "@antibody/agent/control";
import type { Inspection, OwnerCommand } from "@antibody/core";
import type { Json, ResourceId } from "@antibody/policy";
import { CliError, exitCode } from "./errors.ts";
import { findResource } from "./find.ts";
import type { Invocation } from "./invocation.ts";
import { withSelf } from "./self.ts";
import { printable } from "./text/printable.ts";

/** What a command of the owner leaves behind, as `--json` prints it. */
export interface CommandResult {
  readonly schema: "antibody.command/1";
  readonly command: OwnerCommand["type"];
  readonly target?: string;
  readonly detail: Json;
}

/** Gives the agent a command, and what it answered. A refusal becomes a CliError with the agent's own next step. */
export async function command(invocation: Invocation, order: OwnerCommand): Promise<Json> {
  const reply = await invocation.client.command(order);
  if (reply.type === "ok") return reply.detail;
  throw refusalError(invocation, order.type, reply);
}

/** What is told where the agent refuses, with its own next step. */
export function refusalError(
  { self }: Invocation,
  verb: string,
  { message, next }: CommandRefusal,
): CliError {
  return new CliError({
    code: "refused",
    message: `the agent refuses to ${verb}`,
    cause: printable(message),
    next: printable(withSelf(next, self)),
    exit: exitCode.failed,
  });
}

/** What a command is aimed at: everything, or one resource that the agent knows. */
export function findTarget(inspection: Inspection, text: string | undefined, self: string): ResourceId | "*" {
  if (text === undefined || text === "*") return "*";
  const paused = inspection.pauses.find(({ target }) => target === text);
  return paused?.target ?? findResource(inspection, text, self);
}

/** How a target is called in a sentence. */
export function targetText(target: ResourceId | "*"): string {
  return target === "*" ? "everything" : target;
}
