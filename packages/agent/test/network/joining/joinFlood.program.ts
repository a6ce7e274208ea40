// A program of its own: a stranger that asks to join again and again, on as many streams as it gets, a byte a
// second on each. Says so once, and runs until killed.
import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { multiaddr } from "@multiformats/multiaddr";
import { joinProtocol } from "../../../src/network/joining/joinWire.ts";
import { Rogue } from "../rogue.ts";
import { found } from "../swarm.ts";

const [address = ""] = process.argv.slice(2);
const streamsAtOnce = 24;

async function ask(): Promise<void> {
  const rogue = await Rogue.start(found());
  try {
    const connection = await rogue.node.libp2p.dial(multiaddr(address));
    const stream = await connection.newStream(joinProtocol);
    // The head of a frame of 100 bytes.
    for (let sent = 0; stream.status === "open" && sent < 100; sent += 1) {
      stream.send(Uint8Array.of(100));
      await sleep(1_000);
    }
  } catch {
    // It was hung up: it comes again.
  } finally {
    await rogue.stop();
  }
}

async function askForever(): Promise<never> {
  for (;;) {
    await ask();
    await sleep(50);
  }
}

for (let count = 0; count < streamsAtOnce; count += 1) void askForever();
await sleep(3_000);
writeSync(1, "held\n");
