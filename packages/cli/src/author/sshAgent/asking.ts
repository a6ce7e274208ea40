import { connect } from "node:net";
import { CliError, exitCode } from "../../errors.ts";
import { printable } from "../../text/printable.ts";
import { agentMessageBytesMax } from "./messages.ts";

/** An agent may ask a human before it signs (`ssh-add -c`). A guess: time to find the window. */
const answerTimeoutMs = 60_000;

/** Where the agent listens: SSH_AUTH_SOCK, as ssh itself finds it. */
export type AgentSocket = string | undefined;

/** Sends one message to the agent, and gives its answer. Throws a CliError where there is none. */
export async function askAgent(path: AgentSocket, request: Uint8Array): Promise<Uint8Array> {
  if (path === undefined || path === "")
    throw agentError("there is no ssh-agent here", "SSH_AUTH_SOCK is not set", startAgent);
  const answer = await exchange(path, request).catch((error: NodeJS.ErrnoException) => {
    if (error instanceof CliError) throw error;
    const next = error.code === "EACCES" ? "run the command as whoever runs the agent" : startAgent;
    throw agentError("the ssh-agent cannot be asked", `${path}: ${error.code ?? error.message}`, next);
  });
  return answer;
}

/** What helps where no agent answers. */
const startAgent = 'eval "$(ssh-agent)" && ssh-add FILE; with sudo: --preserve-env=SSH_AUTH_SOCK';

/** What is told where an agent does not do what it was asked for. */
export function agentError(message: string, cause: string, next: string): CliError {
  const [told, why] = [message, cause].map(printable);
  return new CliError({
    code: "sshAgent",
    message: told ?? "",
    cause: why ?? "",
    next,
    exit: exitCode.failed,
  });
}

/** Where the other end is no agent, or one that this build does not understand. */
export function strangeAnswer(path: AgentSocket): CliError {
  return agentError(
    "the ssh-agent gives an answer that cannot be read",
    `${path} does not speak the agent protocol, or another version of it`,
    "ssh-add -l shows whether it is an agent",
  );
}

/** A message is its length and its bytes (section 3). */
function exchange(path: string, request: Uint8Array): Promise<Uint8Array> {
  return new Promise((answered, failed) => {
    const socket = connect(path);
    const end = (settle: () => void): void => {
      socket.destroy();
      settle();
    };
    let received = Buffer.alloc(0);
    socket.setTimeout(answerTimeoutMs, () =>
      end(() =>
        failed(
          agentError(
            "the ssh-agent does not answer",
            `nothing for ${answerTimeoutMs / 1_000} s`,
            "say yes where it asks, and run the command again",
          ),
        ),
      ),
    );
    socket.on("error", (error) => end(() => failed(error)));
    socket.on("close", () => failed(strangeAnswer(path)));
    socket.on("data", (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      if (received.length < 4) return;
      const length = received.readUInt32BE();
      if (length > agentMessageBytesMax || received.length > 4 + length)
        end(() => failed(strangeAnswer(path)));
      else if (received.length === 4 + length) end(() => answered(new Uint8Array(received.subarray(4))));
    });
    const length = Buffer.alloc(4);
    length.writeUInt32BE(request.length);
    socket.write(Buffer.concat([length, request]));
  });
}
