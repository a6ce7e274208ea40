import type { Connection, Stream } from "@libp2p/interface";
import { type TestContext, test } from "vitest";
import { joinProtocol } from "../../src/network/joining/joinWire.ts";
import { mailProtocols } from "../../src/network/mail/mail.ts";
import { routeProtocol } from "../../src/network/routes/routes.ts";
import { helloProtocol } from "../../src/network/sessions/hello.ts";
import { Company, closed } from "./rogue.ts";
import { enroll, type Founded, found, memberOf, type Station } from "./swarm.ts";

/** Gossip's own protocol; what comes in on it is read by gossipsub. */
const gossipProtocol = "/meshsub/1.2.0";
const strangersProtocols = [helloProtocol, joinProtocol];
const peersProtocols: readonly string[] = [
  ...Object.values(mailProtocols).flat(),
  routeProtocol,
  gossipProtocol,
];

/** A byte now and then: the head of a frame of 100 bytes, which never ends. */
function trickle(stream: Stream): void {
  let sent = 0;
  const timer = setInterval(() => {
    if (stream.status !== "open" || sent === 90) clearInterval(timer);
    else stream.send(Uint8Array.of(sent === 0 ? 100 : 1));
    sent += 1;
  }, 100);
  stream.addEventListener("close", () => clearInterval(timer), { once: true });
}

/** As much as the stream takes, without an end; frames of 1,000 bytes of nothing that anyone understands. */
function pour(stream: Stream): void {
  const bytes = new Uint8Array(64 * 1_002).map((_, index) => [0xe8, 0x07][index % 1_002] ?? 0x81);
  const go = (): void => {
    while (stream.status === "open" && stream.writeStatus === "writable") if (!stream.send(bytes)) return;
  };
  stream.addEventListener("drain", go);
  go();
}

/** Streams of the protocols, each with something going on. */
async function streams(
  connection: Connection,
  protocols: readonly string[],
  go: (stream: Stream) => void,
): Promise<readonly Stream[]> {
  return Promise.all(
    protocols.map(async (protocol) => {
      const stream = await connection.newStream(protocol);
      go(stream);
      return stream;
    }),
  );
}

/** An honest agent with an invite open, and the company of whoever connects to it, which goes with the test. */
interface Troubled {
  readonly founded: Founded;
  readonly honest: Station;
  readonly company: Company;
}

async function troubled({ onTestFinished }: TestContext): Promise<Troubled> {
  const founded = found();
  const company = new Company();
  onTestFinished(() => company.end());
  const honest = await company.station(founded);
  await honest.network.invite({ expiresInMs: 60_000, mayInvite: false });
  return { founded, honest, company };
}

/** The honest agent goes on: another peer comes in, and a message passes each way. */
async function goesOn({ honest, founded, company }: Troubled, name: string): Promise<void> {
  const other = await company.station(enroll(founded, name));
  other.know(honest);
  honest.know(other);
  other.dial(honest);
  await Promise.all([
    other.input("connected"),
    honest.input("connected", ({ member }) => member.certificate.agent === other.agent),
  ]);
  honest.network.send(other.agent, { type: "want", members: [], policy: [] });
  other.network.send(honest.agent, { type: "want", members: [], policy: [] });
  await Promise.all([other.input("message"), honest.input("message", ({ from }) => from === other.agent)]);
}

const kinds: readonly (readonly [string, (stream: Stream) => void])[] = [
  ["a byte now and then", trickle],
  ["bytes without end", pour],
];

test.concurrent.for(kinds)(
  "%s of a stranger, on hello and join: it is hung up, and peers come and speak meanwhile",
  async ([, go], context) => {
    const all = await troubled(context);
    const { honest, company } = all;
    const connections = await Promise.all(
      strangersProtocols.map(async (protocol) => {
        const stranger = await company.rogue(found());
        const connection = await stranger.connect(honest);
        await streams(connection, [protocol], go);
        return connection;
      }),
    );
    await goesOn(all, "other");
    await Promise.all(connections.map(closed));
  },
);

// One after the other: what pours leaves little time for others in the same process.
test.for(kinds)(
  "%s of a peer, on probe, sync, route and gossip: others come and speak meanwhile",
  async ([, go], context) => {
    const all = await troubled(context);
    const { founded, honest, company } = all;
    const misfits = await Promise.all(
      peersProtocols.map(async (protocol, index) => {
        const peer = await company.rogue(enroll(founded, `misfit${index}`));
        const connection = await peer.connect(honest);
        await peer.hello(connection, memberOf(peer.founded, []));
        const [stream] = await streams(connection, [protocol], go);
        if (stream === undefined) throw new Error("a stream was opened");
        return { protocol, connection, stream };
      }),
    );
    await goesOn(all, "other");
    // What is no frame ends its stream. What gossipsub cannot read it reads no more of: the window stays full.
    const ended = go === pour ? peersProtocols.slice(0, 3) : [routeProtocol];
    await Promise.all(
      misfits.filter(({ protocol }) => ended.includes(protocol)).map(({ stream }) => closed(stream)),
    );
    await goesOn(all, "another");
  },
);
