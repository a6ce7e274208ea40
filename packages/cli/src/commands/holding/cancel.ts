import type { ActionId, Inspection } from "@antibody/core";
import { CliError, exitCode } from "../../errors.ts";
import { findResource } from "../../find.ts";
import { type CommandResult, command } from "../../ownerCommand.ts";
import type { Verb } from "../../verb.ts";

/** `antibody cancel ACTION`: ends one running repair. */
export const cancel: Verb<object> = {
  usage: "cancel <action>",
  summary: "End one running repair, by its id or by its resource. It counts as failed.",
  examples: ["antibody cancel 3-17", "antibody cancel process:sensor"],
  exits: [
    [0, "the agent cancels it"],
    [1, "no such repair runs"],
  ],
  asksAgent: true,
  async run({ invocation, args: [text = ""] }) {
    const action = findAction(await invocation.client.inspect(), text, invocation.self);
    const detail = await command(invocation, { type: "cancel", action });
    const result: CommandResult = { schema: "antibody.command/1", command: "cancel", target: action, detail };
    invocation.print(result, () => [`canceling ${action}`, `next: ${invocation.self} status`]);
    return exitCode.ok;
  },
};

function findAction(inspection: Inspection, text: string, self: string): ActionId {
  const running = inspection.resources.flatMap(({ action }) => (action === undefined ? [] : [action.id]));
  const itself = running.find((id) => id === text);
  if (itself !== undefined) return itself;
  const resource = /^\d+-\d+$/.test(text) ? undefined : findResource(inspection, text, self);
  const action = inspection.resources.find((view) => view.resource === resource)?.action;
  if (action !== undefined) return action.id;
  throw new CliError({
    code: "notFound",
    message: `no repair ${text.slice(0, 80)} runs`,
    cause:
      running.length === 0 ? "nothing runs at the moment" : `these run: ${running.slice(0, 5).join(", ")}`,
    next: `${self} status`,
    exit: exitCode.failed,
  });
}
