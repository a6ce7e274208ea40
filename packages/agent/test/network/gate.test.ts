import type { Connection, PeerId } from "@libp2p/interface";
import { expect, test } from "vitest";
import { Gate } from "../../src/network/gate.ts";
import { peerIdOf } from "../../src/network/identity.ts";
import { staleConnectionAfterMs } from "../../src/network/limits.ts";
import { enroll, found, memberOf } from "./swarm.ts";

const founded = found();
const peer = enroll(founded, "peer");
const member = memberOf(peer, []);

/** As much of a connection as the gate looks at; aborting it closes it, as libp2p does. */
class FakeConnection {
  readonly id: string;
  readonly remotePeer: PeerId = peerIdOf(peer.key.publicKey);
  readonly #gate: Gate;
  status = "open";

  constructor(id: string, gate: Gate) {
    this.id = id;
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
  const gate = new Gate(listener, () => nowMs);
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
