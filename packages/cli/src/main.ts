import { runCommandLine } from "./program.ts";
import { processTerminal } from "./terminal.ts";

// A reader that went away (`antibody logs | head`) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});
process.exitCode = await runCommandLine(process.argv.slice(2), processTerminal());
