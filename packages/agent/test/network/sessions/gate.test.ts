import type { Connection, PeerId } from "@libp2p/interface";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import { expect, test } from "vitest";
import { peerIdOf } from "../../../src/network/identity.ts";
import { staleConnectionAfterMs, strangersPerHostMax } from "../../../src/network/limits.ts";
import { Gate } from "../../../src/network/sessions/gate.ts";
import { enroll, found, memberOf } from "../swarm.ts";

const founded = found();
const peer = enroll(founded, "peer");
const member = memberOf(peer, []);
const own = founded.certificate.agent;

/** As much of a connection as the gate looks at; aborting it closes it, as libp2p does. */
class FakeConnection {
  readonly id: string;
  readonly remotePeer: PeerId = peerIdOf(peer.key.publicKey);
  readonly remoteAddr: Multiaddr;
  readonly direction = "inbound";
  readonly #gate: Gate;
  status = "open";

  constructor(id: string, gate: Gate, host = "192.0.2.1") {
    this.id = id;
    this.remoteAddr = multiaddr(`/ip4/${host}/tcp/1`);
    this.#gate = gate;
  }

  abort(): void {
    if (this.status !== "open") return;
    this.status = "aborted";
    this.#gate.connectionClosed(this.asConnection());
  }

  asConnection(): Connection {
    return this as unknown as Connection;
  }
}

function gateWithLog(): { gate: Gate; log: string[]; at(nowMs: number): void } {
  const log: string[] = [];
  let nowMs = 0;
  const tell = (what: string) => (session: { readonly connections: readonly Connection[] }) =>
    log.push(`${what} ${session.connections.map(({ id }) => id).join(" ")}`);
  const listener = { opened: tell("opened"), moved: tell("moved"), closed: tell("closed") };
  const gate = new Gate(listener, own, () => nowMs);
  const at = (ms: number) => {
    nowMs = ms;
  };
  return { gate, log, at };
}

function establish(gate: Gate, id: string): FakeConnection {
  const connection = new FakeConnection(id, gate);
  gate.admit(connection.asConnection());
  gate.establish(connection.asConnection(), member);
  return connection;
}

test("two connections made at once are one session, which ends with the last", () => {
  const { gate, log } = gateWithLog();
  const [first, second] = [establish(gate, "a"), establish(gate, "b")];
  first.abort();
  expect(gate.session(member.certificate.agent)?.connections.map(({ id }) => id)).toEqual(["b"]);
  second.abort();
  expect(log).toEqual(["opened a", "moved a b", "moved b", "closed b"]);
  expect(gate.sessions()).toEqual([]);
});

test("a hello long after the first says that the peer has lost the old connection", () => {
  const { gate, log, at } = gateWithLog();
  const old = establish(gate, "old");
  at(staleConnectionAfterMs + 1);
  establish(gate, "new");
  expect(old.status).toBe("aborted");
  expect(log).toEqual(["opened old", "closed old", "opened new"]);
});

test("only the stale one of two connections goes", () => {
  const { gate, log, at } = gateWithLog();
  const old = establish(gate, "old");
  at(staleConnectionAfterMs);
  const young = establish(gate, "young");
  at(staleConnectionAfterMs + 1);
  establish(gate, "new");
  expect([old.status, young.status]).toEqual(["aborted", "open"]);
  expect(log).toEqual(["opened old", "moved old young", "moved old young new", "moved young new"]);
});

test("a connection is admitted by itself: another of the same peer is a stranger's again", () => {
  const { gate } = gateWithLog();
  const admitted = establish(gate, "a");
  const other = new FakeConnection("b", gate);
  expect(gate.admits(admitted.asConnection())).toBe(true);
  expect(gate.admits(other.asConnection())).toBe(false);
  admitted.abort();
  expect(gate.admits(admitted.asConnection())).toBe(false);
});

test("a connection that is gone before its hello is done makes no session", () => {
  const { gate, log } = gateWithLog();
  const connection = new FakeConnection("a", gate);
  connection.abort();
  gate.establish(connection.asConnection(), member);
  expect(log).toEqual([]);
});

test("one host may have so many strangers, and leaves room for every other", () => {
  const { gate } = gateWithLog();
  const arrive = (id: string, host: string): FakeConnection => {
    const connection = new FakeConnection(id, gate, host);
    gate.connectionOpened(connection.asConnection());
    return connection;
  };
  const crowd = Array.from({ length: strangersPerHostMax }, (_, index) => arrive(`a${index}`, "192.0.2.1"));
  expect(crowd.filter(({ status }) => status !== "open")).toEqual([]);
  expect(arrive("more", "192.0.2.1").status).toBe("aborted");
  expect(arrive("other", "192.0.2.2").status).toBe("open");
  crowd[0]?.abort();
  const [, known] = crowd;
  if (known === undefined) throw new Error("it is there");
  gate.establish(known.asConnection(), member);
  expect(arrive("next", "192.0.2.1").status).toBe("open");
  expect(arrive("afterNext", "192.0.2.1").status).toBe("open");
  expect(arrive("tooMany", "192.0.2.1").status).toBe("aborted");
  gate.stop();
});
