import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Hosts of one network; more do not fit into the names and addresses chosen here. */
const hostsMax = 250;

/**
 * Hosts of its own for a test: a network namespace each, joined by a bridge. Nothing outside of it is touched,
 * and nothing of it is left after `end`. Needs root and iproute2.
 */
export class Namespaces {
  readonly #prefix: string;
  readonly #hosts = new Map<string, number>();
  readonly #bridges: string[] = [];

  constructor(hosts: readonly string[]) {
    if (hosts.length > hostsMax) throw new Error(`at most ${hostsMax} hosts`);
    // Interface names have at most 15 characters.
    this.#prefix = `ab${process.pid.toString(36)}`;
    this.#addBridge(0);
    for (const [index, host] of hosts.entries()) this.#addHost(host, index + 1);
  }

  /** The address of a host, reachable from the others while the network is whole. */
  addressOf(host: string): string {
    return `10.231.0.${this.#numberOf(host)}`;
  }

  /** The words that run a command on a host. */
  enter(host: string): readonly string[] {
    return ["netns", "exec", this.#namespaceOf(host)];
  }

  /** Pulls the cable of a host: nothing comes or goes, and no socket closes. */
  cut(host: string): void {
    ip("link", "set", this.#portOf(host), "nomaster");
  }

  /** Takes the interface of a host down, which its programs notice, or up again. */
  take(host: string, state: "up" | "down"): void {
    ip("netns", "exec", this.#namespaceOf(host), "ip", "link", "set", "eth0", state);
  }

  /** Bytes and packets that have passed a host's interface, both ways, with the headers of all layers. */
  trafficOf(host: string): { readonly bytes: number; readonly packets: number } {
    const count = (name: string): number =>
      Number(readFileSync(`/sys/class/net/${this.#portOf(host)}/statistics/${name}`, "utf8"));
    return {
      bytes: count("rx_bytes") + count("tx_bytes"),
      packets: count("rx_packets") + count("tx_packets"),
    };
  }

  /** Moves hosts to a network of their own: whole among themselves, silent to the others. */
  partition(hosts: readonly string[]): void {
    if (this.#bridges.length === 1) this.#addBridge(1);
    for (const host of hosts) ip("link", "set", this.#portOf(host), "master", `${this.#prefix}b1`);
  }

  /** Brings every host back to one network. */
  heal(): void {
    for (const host of this.#hosts.keys())
      ip("link", "set", this.#portOf(host), "master", `${this.#prefix}b0`);
  }

  end(): void {
    for (const host of this.#hosts.keys()) {
      ip("link", "del", this.#portOf(host));
      ip("netns", "del", this.#namespaceOf(host));
    }
    for (const bridge of this.#bridges) ip("link", "del", bridge);
  }

  #numberOf(host: string): number {
    const number = this.#hosts.get(host);
    if (number === undefined) throw new Error(`no host ${host}`);
    return number;
  }

  #namespaceOf(host: string): string {
    return `${this.#prefix}n${this.#numberOf(host)}`;
  }

  #portOf(host: string): string {
    return `${this.#prefix}p${this.#numberOf(host)}`;
  }

  #addBridge(index: number): void {
    const bridge = `${this.#prefix}b${index}`;
    ip("link", "add", bridge, "type", "bridge");
    this.#bridges.push(bridge);
    ip("link", "set", bridge, "up");
  }

  #addHost(host: string, number: number): void {
    this.#hosts.set(host, number);
    const [namespace, port] = [this.#namespaceOf(host), this.#portOf(host)];
    ip("netns", "add", namespace);
    ip("link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", namespace);
    ip("link", "set", port, "master", `${this.#prefix}b0`, "up");
    const inside = ["netns", "exec", namespace, "ip"];
    ip(...inside, "addr", "add", `${this.addressOf(host)}/24`, "dev", "eth0");
    ip(...inside, "link", "set", "eth0", "up");
    ip(...inside, "link", "set", "lo", "up");
  }
}

/** Why a test of the network cannot run here; undefined where it can. In CI it must run. */
export function whyNoNamespaces(): string | undefined {
  const reason = process.getuid?.() === 0 ? missingTool() : "network namespaces need root";
  if (reason !== undefined && process.env["CI"] !== undefined)
    throw new Error(`${reason}, and CI must run this test`);
  return reason;
}

function missingTool(): string | undefined {
  try {
    ip("-V");
    return undefined;
  } catch {
    return "the command ip (iproute2) is missing";
  }
}

function ip(...args: readonly string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "pipe", "pipe"] });
}
