import type { OwnerCommand } from "./contract/input.ts";
import type { Output } from "./contract/output.ts";
import type { Turn } from "./contract/turn.ts";
import type { MindParts } from "./mindParts.ts";

type Result = Extract<Output, { readonly type: "reply" }>["result"];

const ok: Result = { type: "ok", detail: null };

/** Does what the owner has ordered. Some orders are answered later, by the part that does them. */
export function obey(
  { swarm, policies, healing }: MindParts,
  id: string,
  command: OwnerCommand,
  turn: Turn,
): void {
  const reply = (result: Result): void => turn.emit({ type: "reply", id, result });
  switch (command.type) {
    case "grant":
      policies.grant(command.grant, turn);
      reply(ok);
      return;
    case "revokeGrant": {
      const problem = policies.revokeGrant(command.author, turn);
      reply(problem === undefined ? ok : { type: "refused", ...problem });
      return;
    }
    case "evict": {
      const message = swarm.evict(command, turn);
      const next = "antibody evict NAME --recovery-key";
      reply(message === undefined ? ok : { type: "refused", message, next });
      return;
    }
    case "publishEviction":
      swarm.publishEviction(command.eviction, turn);
      reply(ok);
      return;
    case "away":
      swarm.setAway(id, turn);
      return;
    case "back":
      swarm.setAway(undefined, turn);
      reply(ok);
      return;
    case "stop":
      turn.tell("agent.stopping", "info", {});
      swarm.leave(turn);
      healing.command({ id, command }, turn);
      return;
    case "pause":
    case "resume":
    case "step":
    case "cancel":
      healing.command({ id, command }, turn);
      return;
    default:
      throw new Error(`unknown command ${command satisfies never}`);
  }
}
