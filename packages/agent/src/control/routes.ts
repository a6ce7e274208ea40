import type { IncomingMessage } from "node:http";
import { fragmentBytesMax, isRejection, parseId } from "@antibody/policy";
import type { AuditLine } from "../audit/audit.ts";
import { callerOf } from "../audit/caller.ts";
import type { AgentControl, CommandReply } from "../ports.ts";
import { readBody } from "./body.ts";
import { type Parsed, parseEviction, parseInviteRequest, parseOwnerCommand } from "./command.ts";
import { exposition, expositionType, type MetricFamily } from "./exposition.ts";
import { toJsonText } from "./json.ts";
import { callerHeader, commandBytesMax, commandTimeoutMs } from "./limits.ts";
import { metricsOf } from "./metrics.ts";
import { processUsage } from "./usage.ts";

/** What a request is answered with. `follow` hands the connection to the stream of events. */
export type Answer = FullAnswer | { readonly type: "follow"; readonly recent: boolean };

/** An answer that is complete; `after` runs once it is sent. */
export type FullAnswer =
  | { readonly type: "json"; readonly status: number; readonly value: unknown; readonly after?: () => void }
  | { readonly type: "text"; readonly contentType: string; readonly text: string }
  | { readonly type: "bytes"; readonly bytes: Uint8Array };

type Method = "GET" | "POST";
type Handler = (
  control: AgentControl,
  request: IncomingMessage,
  query: URLSearchParams,
) => Promise<Answer> | Answer;

/** Every route. Whatever changes something is a POST, and no POST passes the socket that is for looking only. */
const routes: { readonly [path: string]: { readonly method: Method; readonly handle: Handler } } = {
  "/v1/inspection": { method: "GET", handle: (control) => ok(control.inspect()) },
  "/v1/overlay": { method: "GET", handle: (control) => ok(control.overlay()) },
  "/v1/metrics": { method: "GET", handle: (control) => ok({ v: 1, families: familiesOf(control) }) },
  "/metrics": {
    method: "GET",
    handle: (control) => ({
      type: "text",
      contentType: expositionType,
      text: exposition(familiesOf(control)),
    }),
  },
  "/v1/history": { method: "GET", handle: (control) => ok({ v: 1, lines: control.history() }) },
  "/v1/log": { method: "GET", handle: (control) => ok({ v: 1, lines: control.recentLog() }) },
  "/v1/events": {
    method: "GET",
    handle: (_control, _request, query) => ({ type: "follow", recent: query.get("recent") === "true" }),
  },
  "/v1/recording": { method: "GET", handle: answerRecording },
  "/v1/member": { method: "GET", handle: answerMember },
  "/v1/eviction": { method: "POST", handle: answerEviction },
  "/v1/command": { method: "POST", handle: answerCommand },
  "/v1/offer": { method: "POST", handle: answerOffer },
  "/v1/invite": { method: "POST", handle: answerInvite },
  "/v1/stop": { method: "POST", handle: answerStop },
};

/** Answers one request; `readOnly` for the socket that is for looking only. */
export async function answerRequest(
  control: AgentControl,
  request: IncomingMessage,
  readOnly: boolean,
): Promise<Answer> {
  const target = URL.parse(request.url ?? "", "http://antibody");
  if (target === null) return problem(400, "malformed", "not a path");
  if (readOnly && request.method !== "GET") {
    return problem(405, "readOnly", "this socket is for looking only: commands go to control.sock");
  }
  const route = Object.hasOwn(routes, target.pathname) ? routes[target.pathname] : undefined;
  if (route === undefined) return problem(404, "unknownRoute", `no route ${target.pathname.slice(0, 80)}`);
  if (request.method !== route.method) {
    return problem(405, "wrongMethod", `${target.pathname} answers ${route.method} only`);
  }
  await control.begun;
  return route.handle(control, request, target.searchParams);
}

/** An answer that says what is wrong. */
export function problem(status: number, code: string, message: string): FullAnswer {
  return { type: "json", status, value: { error: { code, message } } };
}

function answerRecording(control: AgentControl, _request: IncomingMessage, query: URLSearchParams): Answer {
  const text = query.get("incident");
  if (text === null) return { type: "bytes", bytes: control.recording() };
  const incident = parseId("incident", text);
  if (incident === undefined) return problem(400, "malformed", "incident: expected its id");
  const bytes = control.incidentRecording(incident);
  return bytes === undefined
    ? problem(404, "notKept", "no recording of this incident is kept")
    : { type: "bytes", bytes };
}

function familiesOf(control: AgentControl): readonly MetricFamily[] {
  return metricsOf(control.inspect(), control.eventCounts(), processUsage());
}

function ok(value: unknown): Answer {
  return { type: "json", status: 200, value };
}

async function answerCommand(control: AgentControl, request: IncomingMessage): Promise<Answer> {
  return withParsed(request, parseOwnerCommand, async (command) => {
    const reply = await within(commandTimeoutMs, control.command(command));
    const { type, ...asked } = command;
    ordered(control, request, type, { ...shownOrder(asked), ...outcomeOf(reply) });
    if (reply === undefined) return problem(504, "timeout", "the agent did not answer in time");
    return { type: "json", status: statusOf(reply), value: reply };
  });
}

/** Writes an order down, with who gave it. */
function ordered(
  control: AgentControl,
  request: IncomingMessage,
  verb: string,
  fields: AuditLine["fields"],
): void {
  const said = request.headers[callerHeader];
  const by = callerOf(typeof said === "string" ? said : undefined);
  control.ordered({ event: `order.${verb}`, fields, ...(by === undefined ? {} : { by }) });
}

/** An order as the history shows it: what is no JSON is left out. */
function shownOrder(asked: object): AuditLine["fields"] {
  return JSON.parse(
    JSON.stringify(asked, (_key, value) => (value instanceof Uint8Array ? undefined : value)),
  );
}

function outcomeOf(
  reply: { readonly type: string; readonly message?: string } | undefined,
): AuditLine["fields"] {
  if (reply === undefined) return { outcome: "unanswered" };
  return { outcome: reply.type, ...(reply.message === undefined ? {} : { message: reply.message }) };
}

function statusOf(reply: CommandReply): number {
  return reply.type === "ok" ? 200 : 409;
}

async function answerOffer(control: AgentControl, request: IncomingMessage): Promise<Answer> {
  const body = await readBody(request, fragmentBytesMax);
  if (body.type === "tooLarge")
    return problem(413, "tooLarge", `an envelope has at most ${fragmentBytesMax} bytes`);
  if (body.bytes.length === 0) return problem(400, "malformed", "the body is empty");
  const result = await within(commandTimeoutMs, control.offer(body.bytes));
  const id = result?.type === "accepted" ? { id: result.id } : {};
  ordered(control, request, "publish", { bytesCount: body.bytes.length, ...id, ...outcomeOf(result) });
  if (result === undefined) return problem(504, "timeout", "the agent did not answer in time");
  return { type: "json", status: isRejection(result) ? 422 : 200, value: result };
}

async function answerInvite(control: AgentControl, request: IncomingMessage): Promise<Answer> {
  return withParsed(request, parseInviteRequest, async (asked) => {
    const invite = await within(commandTimeoutMs, control.invite(asked));
    // The code itself lets people in: it is written nowhere.
    const outcome = invite !== undefined && "code" in invite ? { outcome: "ok" } : outcomeOf(invite);
    ordered(control, request, "invite", { ...shownOrder(asked), ...outcome });
    if (invite === undefined) return problem(504, "timeout", "the agent did not answer in time");
    return { type: "json", status: "code" in invite ? 200 : 409, value: invite };
  });
}

function answerMember(control: AgentControl, _request: IncomingMessage, query: URLSearchParams): Answer {
  const agent = parseId("agent", query.get("agent") ?? "");
  const member = agent === undefined ? undefined : control.member(agent);
  if (member === undefined) return problem(404, "notFound", "no member of this swarm has this id");
  return ok({ chain: member.chain.map(toBase64), entry: toBase64(member.entry) });
}

async function answerEviction(control: AgentControl, request: IncomingMessage): Promise<Answer> {
  return withParsed(request, parseEviction, async (wire) => {
    const reply = await within(commandTimeoutMs, control.publishEviction(wire));
    ordered(control, request, "publishEviction", outcomeOf(reply));
    if (reply === undefined) return problem(504, "timeout", "the agent did not answer in time");
    if (isRejection(reply)) return { type: "json", status: 422, value: reply };
    return { type: "json", status: statusOf(reply), value: reply };
  });
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

/** The answer goes first: stopping closes this very socket. */
function answerStop(control: AgentControl, request: IncomingMessage): Answer {
  ordered(control, request, "stop", {});
  return { type: "json", status: 202, value: { type: "stopping" }, after: () => void control.stop() };
}

async function withParsed<Value>(
  request: IncomingMessage,
  parse: (bytes: Uint8Array) => Parsed<Value>,
  handle: (value: Value) => Promise<Answer>,
): Promise<Answer> {
  const body = await readBody(request, commandBytesMax);
  if (body.type === "tooLarge") return problem(413, "tooLarge", `at most ${commandBytesMax} bytes`);
  const parsed = parse(body.bytes);
  return parsed.type === "malformed" ? problem(400, "malformed", parsed.message) : handle(parsed.value);
}

/** What a promise gives within a time, or undefined. */
async function within<Value>(timeoutMs: number, answer: Promise<Value>): Promise<Value | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), timeoutMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The text of a JSON answer. */
export function answerText(value: unknown): string {
  return `${toJsonText(value)}\n`;
}
