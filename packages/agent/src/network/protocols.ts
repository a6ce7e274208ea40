import type { JoinDesk } from "./joining/joinDesk.ts";
import { joinProtocol } from "./joining/joinWire.ts";
import { routeStreamsMax } from "./limits.ts";
import { type Mail, type MailClass, mailProtocols } from "./mail/mail.ts";
import type { NetworkNode } from "./node.ts";
import { type Routes, routeProtocol } from "./routes/routes.ts";
import type { Gate } from "./sessions/gate.ts";
import { type Hello, helloProtocol } from "./sessions/hello.ts";

/** Who answers what is asked over a connection. */
interface Answerers {
  readonly gate: Gate;
  readonly hello: Hello;
  readonly desk: JoinDesk;
  readonly mail: Mail;
  readonly routes: Routes;
}

/** Answers every protocol of agents: hello and join to whoever asks, the others behind the gate. */
export async function answerProtocols({ libp2p }: NetworkNode, answerers: Answerers): Promise<void> {
  const { gate, hello, desk, mail, routes } = answerers;
  // A circuit is a limited connection.
  const streams = (max: number) => ({
    maxInboundStreams: max,
    maxOutboundStreams: max,
    runOnLimitedConnection: true,
  });
  await libp2p.handle(helloProtocol, (stream, connection) => hello.answer(stream, connection), streams(1));
  await libp2p.handle(joinProtocol, desk.handler(), streams(1));
  for (const each of Object.keys(mailProtocols) as MailClass[]) {
    // A stream that replaces a broken one may overlap with it.
    await libp2p.handle([...mailProtocols[each]], gate.guard(mail.handler(each)), streams(4));
  }
  await libp2p.handle(routeProtocol, gate.guard(routes.handler()), streams(routeStreamsMax));
}
