import type { AgentId } from "@antibody/policy";
import type { Output } from "../../src/contract/output.ts";
import type { SwarmInput } from "../../src/swarm/intake.ts";

type NameOf = (agent: AgentId) => string;

/** An input in a few words. */
export function inputText(input: SwarmInput, nameOf: NameOf): string {
  switch (input.type) {
    case "wake":
      return "wake";
    case "addresses":
      return "addresses";
    case "connected":
      return `hello ${nameOf(input.peer)}`;
    case "disconnected":
      return `${nameOf(input.peer)} disconnected`;
    case "dialed":
      return `dialed ${nameOf(input.peer)} ${input.purpose}: ${input.result}`;
    case "message":
      return `${input.message.type} from ${nameOf(input.from)}`;
    case "unsent":
      return `unsent ${input.message} to ${nameOf(input.to)}`;
    case "rumor":
      return `rumor of ${input.rumor.type}`;
    case "enrolled":
      return `enrolled ${input.member.certificate.certificate.name}`;
    case "turnedAway":
      return `turned away by the word of ${input.eviction.by}`;
    case "signed":
      return `signed ${input.statement.type}`;
    default:
      throw new Error(`unknown input ${input satisfies never}`);
  }
}

/** An output in a few words; nothing for the chatter of probes. */
export function outputText(output: Output, nameOf: NameOf): string {
  switch (output.type) {
    case "send": {
      const { type } = output.message;
      const isChatter = type === "ack" || (type === "probe" && output.message.accusation === undefined);
      const accused = type === "probe" ? " with accusation" : "";
      return isChatter ? "" : `${type}${accused} to ${nameOf(output.to)}`;
    }
    case "dial":
      return `dial ${nameOf(output.peer)} ${output.purpose}`;
    case "persist":
      return `persist ${output.durability} ${output.records.map(({ key }) => key.split("/")[0]).join(", ")}`;
    case "publishRumor":
      return `publish ${output.rumor.type}`;
    case "sign":
      return output.statement.type === "eviction"
        ? `sign eviction of ${nameOf(output.statement.eviction.agent)}`
        : output.statement.type === "report"
          ? `sign report ${output.statement.finding}`
          : `sign ${output.statement.type} ${output.statement.incarnation.join(".")}`;
    case "tell":
      return `${output.event.name} ${String(output.event.fields["name"] ?? "")}`.trim();
    default:
      return output.type;
  }
}
