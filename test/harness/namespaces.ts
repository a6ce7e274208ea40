import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Hosts of one network; more do not fit into the names and addresses chosen here. */
const hostsMax = 250;
/**
 * More hosts than these are told each other's link-layer addresses. All namespaces of a machine share one table for
 * addresses that are asked for, and beyond `gc_thresh3` (1,024 by default, arp(7)) packets are dropped; what is told
 * stands outside of it.
 */
const askingHostsMax = 30;
/** How bad a cable is: each packet is late by `delayMs` and up to `jitterMs` more, so many of a hundred come twice. */
export interface BadCable {
  readonly delayMs: number;
  readonly jitterMs: number;
  readonly duplicatePercent: number;
}

/** A link-layer address that no host has. */
const nobodysMac = "02:00:00:00:00:00";

/**
 * Hosts of its own for a test: a network namespace each, joined by a bridge. Nothing outside of it is touched,
 * and nothing of it is left after `end`. Needs root and iproute2.
 */
export class Namespaces {
  readonly #prefix: string;
  readonly #hosts = new Map<string, number>();
  readonly #bridges: string[] = [];
  readonly #natted: ReadonlySet<string>;
  /** The programs that carry what passes bad cables, by host. */
  readonly #carriers = new Map<string, ChildProcess>();
  /** Of hosts that have another address than their first one. */
  readonly #renewed = new Map<string, string>();

  /** Each host in `natted` is alone behind a router, which lets nothing in that was not asked for. Needs nftables. */
  constructor(hosts: readonly string[], natted: readonly string[] = []) {
    if (hosts.length > hostsMax) throw new Error(`at most ${hostsMax} hosts`);
    this.#natted = new Set(natted);
    // Interface names have at most 15 characters.
    this.#prefix = `ab${process.pid.toString(36)}`;
    writeFileSync(this.#file, "");
    this.#addBridge(0);
    for (const [index, host] of hosts.entries()) this.#addHost(host, index + 1);
    for (const host of hosts) this.#introduce(host);
  }

  /** The address of a host, reachable from the others while the network is whole and the host not behind a router. */
  addressOf(host: string): string {
    const number = this.#numberOf(host);
    const renewed = this.#renewed.get(host);
    if (renewed !== undefined) return renewed;
    return this.#natted.has(host) ? `10.232.${number}.2` : `10.231.0.${number}`;
  }

  /** The words that run a command on a host. */
  enter(host: string): readonly string[] {
    return ["netns", "exec", this.#namespaceOf(host)];
  }

  /** Gives hosts new addresses at once, as a router does that has forgotten its leases. */
  renew(hosts: readonly string[]): void {
    for (const host of hosts) {
      const inside = ["netns", "exec", this.#namespaceOf(host), "ip", "addr"];
      ip(...inside, "del", `${this.addressOf(host)}/24`, "dev", "eth0");
      this.#renewed.set(host, `10.231.0.${hostsMax - this.#numberOf(host)}`);
      ip(...inside, "add", `${this.addressOf(host)}/24`, "dev", "eth0");
    }
    for (const host of this.#hosts.keys()) this.#introduce(host);
  }

  /** Pulls the cable of a host: nothing comes or goes, and no socket closes. */
  cut(host: string): void {
    ip("link", "set", this.#portOf(host), "nomaster");
  }

  /** Lets nothing pass between two hosts, silently; or again what was stopped so. */
  between(left: string, right: string, state: "silent" | "open"): void {
    for (const [from, to] of [
      [left, right],
      [right, left],
    ] as const) {
      const neighbor = [this.addressOf(to), "dev", "eth0"];
      const fixed = ["lladdr", nobodysMac, "nud", "permanent"];
      const change = state === "silent" ? ["replace", ...neighbor, ...fixed] : ["del", ...neighbor];
      ip("netns", "exec", this.#namespaceOf(from), "ip", "neigh", ...change);
      if (state === "open") this.#introduce(from);
    }
  }

  /** Takes the interface of a host down, which its programs notice, or up again. */
  take(host: string, state: "up" | "down"): void {
    ip("netns", "exec", this.#namespaceOf(host), "ip", "link", "set", "eth0", state);
    // An interface that goes down forgets all that it was told.
    if (state === "up") this.#introduce(host);
  }

  /** Loses so many of a hundred packets that reach a host from others, at random; 0 loses none again. Needs nftables. */
  lose(percent: number): void {
    const flush = "add table inet loss; delete table inet loss;";
    for (const host of this.#hosts.keys()) {
      const rules = percent === 0 ? flush : `${flush} ${lossRules(percent)}`;
      ip("netns", "exec", this.#namespaceOf(host), "nft", rules);
    }
  }

  /** Lets nothing in at a host, or nothing out, silently: a link that is cut one way. Needs nftables. */
  cutOneWay(host: string, way: "in" | "out" | "open"): void {
    const flush = "add table inet way; delete table inet way;";
    const [hook, name] = way === "in" ? ["input", "iifname"] : ["output", "oifname"];
    const rule = `chain stop { type filter hook ${hook} priority filter; ${name} "eth0" drop; };`;
    const rules = way === "open" ? flush : `${flush} table inet way { ${rule} };`;
    ip("netns", "exec", this.#namespaceOf(host), "nft", rules);
  }

  /** Lets so many kilobits a second through a host's cable, each way, and no more; without a number, again all. */
  narrow(host: string, kilobits?: number): void {
    const limit = ["tbf", "rate", `${kilobits}kbit`, "burst", "4kb", "latency", "1s"];
    const qdisc = (device: string): readonly string[] =>
      kilobits === undefined
        ? ["qdisc", "del", "dev", device, "root"]
        : ["qdisc", "add", "dev", device, "root", ...limit];
    execFileSync("tc", qdisc(this.#portOf(host)));
    ip("netns", "exec", this.#namespaceOf(host), "tc", ...qdisc("eth0"));
  }

  /**
   * Makes the cable of a host a bad one, or again a good one. Meanwhile it is not to be cut or partitioned. Needs
   * Python, and a kernel that makes TAP devices.
   */
  worsen(host: string, how: BadCable | "good"): void {
    const [near, far, between] = ["t", "u", "c"].map(
      (letter) => `${this.#prefix}${letter}${this.#numberOf(host)}`,
    );
    if (near === undefined || far === undefined || between === undefined) throw new Error("three devices");
    const carrier = this.#carriers.get(host);
    if (how === "good") {
      if (carrier === undefined) return;
      ip("link", "set", this.#portOf(host), "master", `${this.#prefix}b0`);
      carrier.kill("SIGKILL");
      this.#carriers.delete(host);
      for (const device of [near, far, between]) ip("link", "del", device);
      return;
    }
    for (const device of [near, far]) ip("tuntap", "add", "dev", device, "mode", "tap");
    ip("link", "add", between, "type", "bridge");
    const numbers = [how.delayMs, how.jitterMs, how.duplicatePercent, this.#numberOf(host)].map(String);
    const program = join(import.meta.dirname, "badCable.py");
    const stdio = ["pipe", "ignore", "inherit"] as const;
    this.#carriers.set(host, spawn("python3", [program, near, far, ...numbers], { stdio: [...stdio] }));
    for (const device of [near, this.#portOf(host)]) ip("link", "set", device, "master", between);
    ip("link", "set", far, "master", `${this.#prefix}b0`);
    for (const device of [between, near, far]) ip("link", "set", device, "up");
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

  /** Moves hosts to networks of their own, one for each side: whole among themselves, silent to the others. */
  partition(...sides: readonly (readonly string[])[]): void {
    for (const [index, hosts] of sides.entries()) {
      const bridge = index + 1;
      if (this.#bridges.length === bridge) this.#addBridge(bridge);
      for (const host of hosts) ip("link", "set", this.#portOf(host), "master", `${this.#prefix}b${bridge}`);
    }
  }

  /** Brings every host back to one network. */
  heal(): void {
    for (const host of this.#hosts.keys())
      ip("link", "set", this.#portOf(host), "master", `${this.#prefix}b0`);
  }

  end(): void {
    for (const host of this.#hosts.keys()) {
      this.worsen(host, "good");
      ip("link", "del", this.#portOf(host));
      ip("netns", "del", this.#namespaceOf(host));
      if (this.#natted.has(host)) ip("netns", "del", this.#routerOf(host));
    }
    for (const bridge of this.#bridges) ip("link", "del", bridge);
    rmSync(this.#file);
  }

  /** Stands for the network while it does: by it what an interrupted run has left is found (scripts/scratch.mjs). */
  get #file(): string {
    return join(tmpdir(), `antibody-net-${this.#prefix}`);
  }

  #numberOf(host: string): number {
    const number = this.#hosts.get(host);
    if (number === undefined) throw new Error(`no host ${host}`);
    return number;
  }

  #namespaceOf(host: string): string {
    return `${this.#prefix}n${this.#numberOf(host)}`;
  }

  #routerOf(host: string): string {
    return `${this.#prefix}r${this.#numberOf(host)}`;
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
    const namespace = this.#namespaceOf(host);
    ip("netns", "add", namespace);
    const inside = ["netns", "exec", namespace, "ip"];
    if (this.#natted.has(host)) this.#addRouter(host, number);
    else this.#plug(host, namespace);
    ip(...inside, "addr", "add", `${this.addressOf(host)}/24`, "dev", "eth0");
    ip(...inside, "link", "set", "eth0", "up");
    ip(...inside, "link", "set", "lo", "up");
    if (this.#natted.has(host)) ip(...inside, "route", "add", "default", "via", `10.232.${number}.1`);
  }

  /** Connects a namespace to the bridge, by its interface eth0. */
  #plug(host: string, namespace: string): void {
    const port = this.#portOf(host);
    const peer = ["name", "eth0", "address", macOf(this.#numberOf(host)), "netns", namespace];
    ip("link", "add", port, "type", "veth", "peer", ...peer);
    ip("link", "set", port, "master", `${this.#prefix}b0`, "up");
  }

  /** Tells a host of a large network where all others are. */
  #introduce(host: string): void {
    if (this.#hosts.size <= askingHostsMax) return;
    const others = [...this.#hosts.keys()].filter((other) => other !== host && !this.#natted.has(other));
    const lines = others.map(
      (other) =>
        `neigh replace ${this.addressOf(other)} lladdr ${macOf(this.#numberOf(other))} dev eth0 nud permanent\n`,
    );
    execFileSync("ip", ["-n", this.#namespaceOf(host), "-batch", "-"], { input: lines.join("") });
  }

  /** A router with the host behind it, which masquerades what leaves. */
  #addRouter(host: string, number: number): void {
    const router = this.#routerOf(host);
    ip("netns", "add", router);
    this.#plug(host, router);
    const inside = ["netns", "exec", router];
    const behind = ["type", "veth", "peer", "name", "eth0", "netns", this.#namespaceOf(host)];
    ip(...inside, "ip", "link", "add", "eth1", ...behind);
    ip(...inside, "ip", "addr", "add", `10.231.0.${number}/24`, "dev", "eth0");
    ip(...inside, "ip", "addr", "add", `10.232.${number}.1/24`, "dev", "eth1");
    for (const device of ["eth0", "eth1"]) ip(...inside, "ip", "link", "set", device, "up");
    ip(...inside, "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward");
    ip(...inside, "nft", natRules);
  }
}

/** The link-layer address of a host, or of the router before it. */
function macOf(number: number): string {
  return `02:00:00:00:01:${number.toString(16).padStart(2, "0")}`;
}

/** Out under the router's address, and in only what belongs to it. */
const natRules = `
  table ip nat { chain out { type nat hook postrouting priority srcnat; oifname "eth0" masquerade; }; };
  table ip filter {
    chain through {
      type filter hook forward priority filter; policy drop;
      iifname "eth1" accept;
      ct state established,related accept;
    };
  };`;

function lossRules(percent: number): string {
  const drop = `iifname "eth0" numgen random mod 100 < ${percent} drop;`;
  return `table inet loss { chain in { type filter hook input priority filter; ${drop} }; };`;
}

/** Why a test of the network cannot run here; undefined where it can. In CI it must run. */
export function whyNoNamespaces(): string | undefined {
  return inCiNever(process.getuid?.() === 0 ? missing("ip", "-V") : "network namespaces need root");
}

/** The same for a test with hosts behind routers, or with packets that are lost. */
export function whyNoRouters(): string | undefined {
  const reason = whyNoNamespaces();
  return reason ?? inCiNever(missing("nft", "-v"));
}

function inCiNever(reason: string | undefined): string | undefined {
  if (reason !== undefined && process.env["CI"] !== undefined)
    throw new Error(`${reason}, and CI must run this test`);
  return reason;
}

function missing(command: string, flag: string): string | undefined {
  try {
    execFileSync(command, [flag], { stdio: "ignore" });
    return undefined;
  } catch {
    return `the command ${command} is missing`;
  }
}

function ip(...args: readonly string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "pipe", "pipe"] });
}
