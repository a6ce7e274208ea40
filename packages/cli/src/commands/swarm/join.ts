import { shortId } from "@antibody/policy";
import { exitCode } from "../../errors.ts";
import { noMdnsText, readName } from "../../options.ts";
import { startCommand } from "../../service/manager.ts";
import { actAsOwnerOf } from "../../service/owner.ts";
import { ownerOptionText, readOwnerKey } from "../../trust/ownerKey.ts";
import type { Verb } from "../../verb.ts";
import { version } from "../../version.ts";

/** A device that has come in, as `join` and `invite --wait` print it with `--json`. */
export interface JoinedView {
  readonly schema: "antibody.joined/1";
  readonly agent: string;
  readonly name: string;
  /** Six digits that both sides show: equal, or somebody sits in between. */
  readonly comparisonCode: string;
  readonly swarm?: string;
  readonly state?: string;
  readonly nextCommand?: string;
}

interface JoinCommandOptions {
  readonly name: string;
  readonly owner?: Uint8Array;
  /** False where it was refused. */
  readonly mdns: boolean;
}

/** `antibody join CODE`: becomes a member of a swarm. */
export const join: Verb<JoinCommandOptions> = {
  usage: "join <code>",
  summary: "Join the swarm that a code is from. The code is printed by: antibody invite",
  examples: ["antibody join CODE --name greenhouse", "antibody join CODE --name shed --owner owner_KEY"],
  exits: [
    [0, "joined"],
    [1, "the code is wrong, used or expired, the name is taken, or there is an agent already"],
    [75, "the inviter cannot be reached, or is busy"],
  ],
  asksAgent: false,
  declare: (command) =>
    void command
      .requiredOption("--name <name>", "what this device is called in the swarm", readName)
      .option("--owner <key>", ownerOptionText, readOwnerKey)
      .option("--no-mdns", noMdnsText),
  async run({ invocation, options, args: [code = ""] }) {
    const { state } = invocation;
    actAsOwnerOf(invocation.state);
    // Loaded here: the other commands start without the body.
    const { joinAgent } = await import("@antibody/agent");
    const { name, mdns } = options;
    const owner = options.owner === undefined ? {} : { owner: options.owner };
    const joined = await joinAgent({ state, code, name, build: version, mdns, ...owner });
    const view: JoinedView = {
      schema: "antibody.joined/1",
      agent: joined.agent,
      name: joined.name,
      comparisonCode: joined.sas,
      swarm: joined.swarm,
      state,
      nextCommand: startCommand(invocation.state) ?? `${invocation.self} run`,
    };
    invocation.print(view, () => [
      `joined     ${shortId(joined.swarm)} as ${joined.name} (${shortId(joined.agent)})`,
      `compare    ${joined.sas}  (the inviter shows the same, or somebody sits in between)`,
      `next: ${view.nextCommand}`,
    ]);
    return exitCode.ok;
  },
};
