export { type CliError, type ExitCode, exitCode } from "./errors.ts";
export { runCommandLine } from "./program.ts";
export type { Terminal } from "./terminal.ts";
