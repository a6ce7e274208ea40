import { createServer } from "node:net";
import { enroll, found, Station } from "./swarm.ts";

// Opens a network in full use, stops it, and must then end by itself: a handle that is left would keep it alive.
const founded = found();
const left = await new Station(founded).open();
const right = await new Station(enroll(founded, "right")).open();
left.know(right);
left.dial(right);
await left.input("connected");
const program = createServer((socket) => socket.pipe(socket)).listen(0, "127.0.0.1");
await new Promise((resolve) => program.once("listening", resolve));
const address = program.address();
if (address === null || typeof address === "string") throw new Error("A TCP port");
right.network.serve([{ name: "echo", port: address.port }]);
const duplex = await left.network.openRoute(right.agent, "echo", new AbortController().signal);
duplex.on("error", () => undefined);
left.network.dial(right.agent, ["/ip4/192.0.2.1/tcp/1"], "fresh", 60_000);
await left.network.invite({ expiresInMs: 60_000, mayInvite: true });
await Promise.all([left.close(), right.close()]);
program.close();
console.log("stopped");
