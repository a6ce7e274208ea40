import { request as httpRequest, type IncomingMessage } from "node:http";
import type { EvictionWire, Overlay, OwnerCommand } from "@antibody/core";
import { type AgentId, type IncidentId, isRejection, type Rejection } from "@antibody/policy";
import type { AuditLine } from "../audit/audit.ts";
import { packDocuments } from "../network/wire/bundle.ts";
import type {
  AgentInspection,
  CommandRefusal,
  CommandReply,
  InviteCode,
  InviteRequest,
  LogLine,
} from "../ports.ts";
import { readBody } from "./body.ts";
import type { MetricFamily } from "./exposition.ts";
import { answerBytesMax, answerTimeoutMs, callerHeader } from "./limits.ts";
import type { ControlPaths } from "./paths.ts";

/** Why an agent could not be asked. */
export type ControlErrorCode =
  /** Nobody listens on the socket. */
  | "notRunning"
  /** The socket belongs to someone else. */
  | "denied"
  /** The agent is there and did not answer in time, or takes no more connections. */
  | "busy"
  /** The agent has no such thing. */
  | "notFound"
  /** The agent answered with an error. */
  | "failed";

/** A request that could not be made, or was answered with an error. */
export class ControlError extends Error {
  readonly code: ControlErrorCode;
  constructor(code: ControlErrorCode, message: string) {
    super(message);
    this.name = "ControlError";
    this.code = code;
  }
}

/** How an offer was answered: with the id of its last document, or with the first rejection. */
export type OfferReply = { readonly type: "accepted"; readonly id: string } | Rejection;

/** A running agent, asked through its sockets. Every method may throw a `ControlError`. */
export interface ControlClient {
  inspect(): Promise<AgentInspection>;
  overlay(): Promise<Overlay>;
  metrics(): Promise<readonly MetricFamily[]>;
  log(): Promise<readonly LogLine[]>;
  history(): Promise<readonly AuditLine[]>;
  /** Lines as they come, after the recent ones when asked for, until the signal or the agent ends it. */
  follow(recent: boolean, signal: AbortSignal): AsyncGenerator<LogLine>;
  /** As it is now, or as it was kept with an incident. */
  recording(incident?: IncidentId): Promise<Uint8Array>;
  command(command: OwnerCommand): Promise<CommandReply>;
  /** Hands over signed documents, in as few messages as hold them; a root goes before what it signs, by itself. */
  offer(...documents: readonly Uint8Array[]): Promise<OfferReply>;
  invite(request: InviteRequest): Promise<InviteCode | CommandRefusal>;
  /** The certificate chain of a member, founder first. */
  chainOf(agent: AgentId): Promise<readonly Uint8Array[]>;
  /** Hands over an eviction that was signed elsewhere. */
  publishEviction(wire: EvictionWire): Promise<CommandReply | Rejection>;
  stop(): Promise<void>;
}

/** A client of the agent behind these sockets: it looks through `read`, and commands through `control`. */
export function controlClient(paths: ControlPaths): ControlClient {
  const get = (path: string): Promise<Uint8Array> => exchange(paths.read, "GET", path, undefined);
  const post = (path: string, body: Uint8Array): Promise<Uint8Array> =>
    exchange(paths.control, "POST", path, body);
  return {
    inspect: async () => readJson<AgentInspection>(await get("/v1/inspection")),
    overlay: async () => readJson<Overlay>(await get("/v1/overlay")),
    metrics: async () => readJson<{ families: readonly MetricFamily[] }>(await get("/v1/metrics")).families,
    history: async () => readJson<{ lines: readonly AuditLine[] }>(await get("/v1/history")).lines,
    log: async () => readJson<{ lines: readonly LogLine[] }>(await get("/v1/log")).lines,
    follow: (recent, signal) => follow(paths.read, recent, signal),
    recording: (incident) =>
      get(incident === undefined ? "/v1/recording" : `/v1/recording?incident=${incident}`),
    command: async (command) => readJson<CommandReply>(await post("/v1/command", jsonBytes(command))),
    offer: async (...documents) => {
      let reply: OfferReply | undefined;
      for (const message of packDocuments(documents)) {
        reply = readJson<OfferReply>(await post("/v1/offer", message));
        if (isRejection(reply)) return reply;
      }
      if (reply === undefined) throw new ControlError("failed", "nothing was offered");
      return reply;
    },
    invite: async (request) =>
      readJson<InviteCode | CommandRefusal>(await post("/v1/invite", jsonBytes(request))),
    chainOf: async (agent) => {
      const { chain } = readJson<{ chain: readonly string[] }>(await get(`/v1/member?agent=${agent}`));
      return chain.map((bytes) => new Uint8Array(Buffer.from(bytes, "base64")));
    },
    publishEviction: async ({ chain, eviction }) => {
      const texts = { chain: chain.map(toBase64), eviction: toBase64(eviction) };
      return readJson<CommandReply | Rejection>(await post("/v1/eviction", jsonBytes(texts)));
    },
    stop: async () => void (await post("/v1/stop", new Uint8Array())),
  };
}

/** Statuses whose body is an answer in its own right: a refusal of the mind, or a rejection. */
const answeredStatuses: readonly number[] = [200, 202, 409, 422];

async function exchange(
  socketPath: string,
  method: "GET" | "POST",
  path: string,
  body: Uint8Array | undefined,
): Promise<Uint8Array> {
  const response = await open(socketPath, method, path, body, AbortSignal.timeout(answerTimeoutMs));
  const answer = await readBody(response, answerBytesMax).catch((error: unknown) => {
    throw controlError(error, socketPath);
  });
  if (answer.type === "tooLarge") throw new ControlError("failed", "the agent's answer is too large");
  const status = response.statusCode ?? 0;
  if (answeredStatuses.includes(status)) return answer.bytes;
  throw new ControlError(codeOfStatus(status), errorMessage(answer.bytes, status));
}

function codeOfStatus(status: number): ControlErrorCode {
  if (status === 404) return "notFound";
  return status === 503 || status === 504 ? "busy" : "failed";
}

function open(
  socketPath: string,
  method: "GET" | "POST",
  path: string,
  body: Uint8Array | undefined,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((opened, failed) => {
    const request = httpRequest({
      socketPath,
      method,
      path,
      signal,
      agent: false,
      headers: {
        host: "antibody",
        [callerHeader]: String(process.pid),
        ...(body === undefined ? {} : { "content-length": body.length }),
      },
    });
    request.once("response", opened);
    request.once("error", (error) => failed(controlError(error, socketPath)));
    request.end(body);
  });
}

async function* follow(socketPath: string, recent: boolean, signal: AbortSignal): AsyncGenerator<LogLine> {
  try {
    const response = await open(socketPath, "GET", `/v1/events?recent=${recent}`, undefined, signal);
    const status = response.statusCode ?? 0;
    if (status !== 200)
      throw new ControlError(status === 503 ? "busy" : "failed", `the agent answered ${status}`);
    response.setEncoding("utf8");
    let rest = "";
    for await (const chunk of response as AsyncIterable<string>) {
      const events = (rest + chunk).split("\n\n");
      rest = events.pop() ?? "";
      for (const event of events) {
        const data = event.split("\n").find((line) => line.startsWith("data: "));
        if (data !== undefined) yield JSON.parse(data.slice("data: ".length)) as LogLine;
      }
    }
  } catch (error) {
    if (signal.aborted) return;
    throw error instanceof ControlError ? error : controlError(error, socketPath);
  }
}

function controlError(error: unknown, socketPath: string): ControlError {
  const { code, name } = error instanceof Error ? (error as NodeJS.ErrnoException) : { code: "", name: "" };
  switch (code ?? name) {
    case "ENOENT":
    case "ECONNREFUSED":
    case "ENOTDIR":
      return new ControlError("notRunning", `nobody listens on ${socketPath}`);
    case "EACCES":
    case "EPERM":
      return new ControlError("denied", `${socketPath} may not be opened by this user`);
    default:
      if (code?.startsWith("HPE_"))
        return new ControlError("failed", `what answers on ${socketPath} is no agent`);
      return new ControlError("busy", `the agent on ${socketPath} did not answer (${code ?? name})`);
  }
}

function errorMessage(bytes: Uint8Array, status: number): string {
  try {
    const { error } = readJson<{ error?: { message?: unknown } }>(bytes);
    if (typeof error?.message === "string") return error.message;
  } catch {
    // Whatever listens there did not answer in JSON: the status is all there is to tell.
  }
  return `the agent answered ${status}`;
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

function jsonBytes(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function readJson<Value>(bytes: Uint8Array): Value {
  return JSON.parse(Buffer.from(bytes).toString("utf8")) as Value;
}
