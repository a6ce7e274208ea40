import { runCommandLine } from "./program.ts";
import { processTerminal } from "./terminal.ts";

/**
 * A command has ended, but something still holds the process (a timer of libp2p): it may take this long to let go.
 * Guess; nothing that was written is lost, because output is synchronous on Linux.
 */
const lettingGoMsMax = 200;

// A reader that went away (`antibody logs | head`) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});
// No top-level await: inside the single executable this is a CommonJS script.
void runCommandLine(process.argv.slice(2), processTerminal()).then((code) => {
  process.exitCode = code;
  // A socket that a failed step left open must not hold whoever waits for the exit code.
  setTimeout(() => process.exit(), lettingGoMsMax).unref();
});
