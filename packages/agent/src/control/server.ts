import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { AgentControl } from "../ports.ts";
import { Followers } from "./events.ts";
import { connectionsMax, headerBytesMax, lateCheckMs, requestTimeoutMs } from "./limits.ts";
import type { ControlPaths } from "./paths.ts";
import { answerRequest, answerText, type FullAnswer, problem } from "./routes.ts";
import { openSocket, removeSocket } from "./socket.ts";

/** What a control server is made of. */
export interface ControlOptions {
  readonly control: AgentControl;
  readonly paths: ControlPaths;
  /** Told of every failure inside: a request never brings the agent down. */
  readonly tell: (message: string, cause: unknown) => void;
  /** How long a request may take to come in; shorter in tests. */
  readonly requestTimeoutMs?: number;
}

/** The open sockets of a running agent. */
export interface ControlServer {
  /** Ends all streams and connections and removes both sockets. */
  close(): Promise<void>;
}

/**
 * Opens the control sockets: `control.sock` (0600) takes everything, `read.sock` (0660) only answers GETs, which
 * is enforced here and not in a client. Throws when another agent answers on them.
 */
export async function startControl(options: ControlOptions): Promise<ControlServer> {
  const followers = new Followers(options.control);
  const control = makeServer(options, followers, false);
  const read = makeServer(options, followers, true);
  await openSocket(control, options.paths.control, 0o600);
  try {
    await openSocket(read, options.paths.read, 0o660);
  } catch (error) {
    await closeServer(control, options.paths.control);
    throw error;
  }
  return {
    async close() {
      followers.close();
      await Promise.all([closeServer(control, options.paths.control), closeServer(read, options.paths.read)]);
    },
  };
}

function makeServer(options: ControlOptions, followers: Followers, readOnly: boolean): Server {
  const timeoutMs = options.requestTimeoutMs ?? requestTimeoutMs;
  const server = createServer({
    maxHeaderSize: headerBytesMax,
    headersTimeout: timeoutMs,
    requestTimeout: timeoutMs,
    keepAliveTimeout: timeoutMs,
    connectionsCheckingInterval: Math.min(lateCheckMs, timeoutMs),
  });
  server.maxConnections = connectionsMax;
  server.on("clientError", refuseGarbage);
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    respond(options, followers, readOnly, request, response).catch((error: unknown) => {
      options.tell("a request on the control socket failed", error);
      if (response.headersSent) response.destroy();
      else send(response, problem(500, "failed", "the agent could not answer"));
    });
  });
  return server;
}

async function respond(
  options: ControlOptions,
  followers: Followers,
  readOnly: boolean,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // Whoever hangs up in the middle of a request gets no answer, and that is no failure of the agent.
  const answer = await answerRequest(options.control, request, readOnly).catch((error: unknown) => {
    if (request.destroyed && !request.complete) return undefined;
    throw error;
  });
  if (answer === undefined) return;
  // What was not read of a body is not waited for.
  if (!request.complete) response.setHeader("connection", "close");
  if (answer.type !== "follow") send(response, answer);
  else if (followers.full) send(response, problem(503, "busy", "too many follow the log already"));
  else followers.add(response, answer.recent);
}

function send(response: ServerResponse, answer: FullAnswer): void {
  switch (answer.type) {
    case "json":
      response.writeHead(answer.status, { "content-type": "application/json", "cache-control": "no-store" });
      response.end(answerText(answer.value), answer.after);
      return;
    case "text":
      response.writeHead(200, { "content-type": answer.contentType, "cache-control": "no-store" });
      response.end(answer.text);
      return;
    case "bytes":
      response.writeHead(200, { "content-type": "application/octet-stream", "cache-control": "no-store" });
      response.end(answer.bytes);
      return;
    default:
      answer satisfies never;
  }
}

/** What is no HTTP, or comes too late, gets a short answer, and the connection ends. */
function refuseGarbage(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const status =
    error.code === "ERR_HTTP_REQUEST_TIMEOUT"
      ? "408 Request Timeout"
      : error.code === "HPE_HEADER_OVERFLOW"
        ? "431 Request Header Fields Too Large"
        : "400 Bad Request";
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}

function closeServer(server: Server, path: string): Promise<void> {
  return new Promise((closed) => {
    server.close(() => {
      void removeSocket(path).finally(closed);
    });
    server.closeAllConnections();
  });
}
