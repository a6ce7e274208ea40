import { runCommandLine } from "./program.ts";
import { processTerminal } from "./terminal.ts";

/** A command has ended, but something still holds the process: it may take this long to let go. Guess. */
const lettingGoMsMax = 2_000;

// A reader that went away (`antibody logs | head`) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});
process.exitCode = await runCommandLine(process.argv.slice(2), processTerminal());
// A socket that a failed step left open must not hold whoever waits for the exit code.
setTimeout(() => process.exit(), lettingGoMsMax).unref();
