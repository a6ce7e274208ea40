import { RELAY_V2_HOP_CODEC, RELAY_V2_STOP_CODEC } from "@libp2p/circuit-relay-v2";
import type { Connection } from "@libp2p/interface";
import { routeProtocol } from "./routes.ts";

/** Whether local programs speak over a connection. */
export function carriesRoute({ streams }: Connection): boolean {
  return streams.some(({ protocol }) => protocol === routeProtocol);
}

/** Whether a connection carries what is not the mind's own: routes, and circuits between others. */
export function carriesOthers(connection: Connection): boolean {
  const circuits = [RELAY_V2_HOP_CODEC, RELAY_V2_STOP_CODEC];
  return carriesRoute(connection) || connection.streams.some(({ protocol }) => circuits.includes(protocol));
}
