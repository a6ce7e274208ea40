import { BlockList } from "node:net";
import { networkInterfaces } from "node:os";
import type { AgentId } from "@antibody/policy";
import { RELAY_V2_HOP_CODEC } from "@libp2p/circuit-relay-v2";
import type { Connection } from "@libp2p/interface";
import { lpStream } from "@libp2p/utils";
import { withDeadline } from "../../deadline.ts";
import type { InviteBook } from "../joining/inviteBook.ts";
import { doorMs, hopTimeoutMs, inviteRelaysAskedMax, inviteRelaysMax } from "../limits.ts";
import type { Session } from "../sessions/session.ts";
import { hopAnswerBytesMax, hopReserve, isGranted } from "./hopWire.ts";
import { doorAddress, isRelayed } from "./relayed.ts";

/** What an inviter needs to be reached through others. */
export interface DoorRequestsOptions {
  sessions(): readonly Session[];
  readonly book: Pick<InviteBook, "isOpen">;
  /** Whether a host is on a network of this one, so that whoever reaches it reaches this host. */
  isNear(host: string): boolean;
}

/**
 * Asks relays for doors, so that who holds an invite reaches an inviter that cannot be dialed itself: peers that this
 * agent has dialed, and that have not dialed it. A door is asked for anew while an invite is open, and no longer.
 */
export class DoorRequests {
  readonly #options: DoorRequestsOptions;
  readonly #relays = new Set<AgentId>();
  #again: NodeJS.Timeout | undefined;

  constructor(options: DoorRequestsOptions) {
    this.#options = options;
  }

  /** For an invite that is about to be issued: the addresses of the doors that relays opened, without whom they lead to. */
  async open(): Promise<readonly string[]> {
    const asked = this.#options
      .sessions()
      .flatMap(({ agent, connections }) => {
        const relay = relayAmong(connections, this.#options.isNear);
        return relay === undefined ? [] : [{ agent, relay }];
      })
      .slice(0, inviteRelaysAskedMax);
    const answers = await Promise.all(asked.map(async ({ relay }) => askForDoor(relay)));
    const open = asked.filter((_relay, index) => answers[index] === true).slice(0, inviteRelaysMax);
    this.#relays.clear();
    for (const { agent } of open) this.#relays.add(agent);
    if (open.length > 0) this.#again ??= setInterval(() => this.#askAgain(), doorMs / 2).unref();
    return open.map(({ relay }) => doorAddress(relay));
  }

  /** A session stands again: with a relay that has a door to keep open, it went with the one before. */
  opened({ agent, connections }: Session): void {
    if (this.#relays.has(agent) && this.#options.book.isOpen()) this.#ask(connections);
  }

  stop(): void {
    clearInterval(this.#again);
    this.#again = undefined;
    this.#relays.clear();
  }

  #askAgain(): void {
    if (!this.#options.book.isOpen()) {
      this.stop();
      return;
    }
    for (const { agent, connections } of this.#options.sessions()) {
      if (this.#relays.has(agent)) this.#ask(connections);
    }
  }

  #ask(connections: readonly Connection[]): void {
    const direct = connections.findLast((connection) => !isRelayed(connection));
    if (direct !== undefined) void askForDoor(direct);
  }
}

/** The connection to a peer that may be the only one of the two that can be dialed. */
function relayAmong(
  connections: readonly Connection[],
  isNear: (host: string) => boolean,
): Connection | undefined {
  const direct = connections.filter((connection) => !isRelayed(connection));
  if (direct.some(({ direction }) => direction === "inbound")) return undefined;
  return direct.findLast(({ remoteAddr }) => {
    const [, kind = "", host = ""] = remoteAddr.toString().split("/");
    return kind.startsWith("ip") && !isNear(host);
  });
}

/** Whether a relay lets strangers come to this agent from now on, for a while. Never rejects. */
async function askForDoor(connection: Connection): Promise<boolean> {
  try {
    return await withDeadline({ ms: hopTimeoutMs, signals: [] }, async (signal) => {
      const stream = await connection.newStream(RELAY_V2_HOP_CODEC, { signal });
      try {
        const wire = lpStream(stream, { maxDataLength: hopAnswerBytesMax });
        await wire.write(hopReserve, { signal });
        const answer = (await wire.read({ signal })).slice();
        await stream.close({ signal });
        return isGranted(answer);
      } catch (error) {
        stream.abort(error instanceof Error ? error : new Error(String(error)));
        return false;
      }
    });
  } catch {
    // A relay that is gone, or of a version that opens none.
    return false;
  }
}

/** Whether a host is on one of the networks that this host has an interface on. */
export function isNear(host: string): boolean {
  const networks = new BlockList();
  for (const { cidr, family } of Object.values(networkInterfaces()).flatMap((all) => all ?? [])) {
    const [network, prefix] = cidr?.split("/") ?? [];
    if (network !== undefined)
      networks.addSubnet(network, Number(prefix), family === "IPv6" ? "ipv6" : "ipv4");
  }
  return networks.check(host, host.includes(":") ? "ipv6" : "ipv4");
}
