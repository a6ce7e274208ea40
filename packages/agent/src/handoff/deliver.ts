import type { ClientRequest, RequestOptions } from "node:http";
import type { HandoffTarget } from "./config.ts";
import type { HandoffMessage } from "./message.ts";

/** For connecting, sending and the answer's head, together. A guess: slow services over a slow line. */
const timeoutMs = 10_000;

/** How a delivery ended. */
export type Delivered =
  | { readonly type: "delivered" }
  /** It may go better later. */
  | { readonly type: "failed"; readonly cause: string }
  /** It will not: the address or the token is wrong. */
  | { readonly type: "refused"; readonly cause: string };

/** Tells one message to one target. Never throws, follows nowhere else, and reads nothing of the answer but its status. */
export async function deliver(target: HandoffTarget, message: HandoffMessage): Promise<Delivered> {
  const url = new URL(target.url);
  const { headers, body } = requestOf(target, message);
  const options: RequestOptions = {
    method: "POST",
    headers: { "user-agent": "antibody", "content-length": Buffer.byteLength(body), ...headers },
    signal: AbortSignal.timeout(timeoutMs),
    agent: false,
  };
  try {
    return statusResult(await statusOf(await open(url, options), body));
  } catch (error) {
    return { type: "failed", cause: causeOf(error) };
  }
}

/** Loaded when there is something to tell: an agent at peace needs neither. */
async function open(url: URL, options: RequestOptions): Promise<ClientRequest> {
  const { request } = url.protocol === "https:" ? await import("node:https") : await import("node:http");
  return request(url, options);
}

function statusOf(request: ClientRequest, body: string): Promise<number> {
  return new Promise((answered, failed) => {
    request.once("error", failed);
    request.once("response", (response) => {
      answered(response.statusCode ?? 0);
      response.destroy();
    });
    request.end(body);
  });
}

function requestOf(
  target: HandoffTarget,
  message: HandoffMessage,
): { readonly headers: { readonly [name: string]: string }; readonly body: string } {
  if (target.type === "webhook") {
    const headers = { "content-type": "application/json", ...target.headers };
    return { headers, body: JSON.stringify(message) };
  }
  const headers = {
    "content-type": "text/plain; charset=utf-8",
    // A header is ASCII; names of resources may be more.
    title: message.title.replace(/[^\x20-\x7e]/g, "?"),
    priority: message.event === "handedOff" ? "high" : "default",
    tags: message.event === "handedOff" ? "warning" : "white_check_mark",
    ...(target.token === undefined ? {} : { authorization: `Bearer ${target.token}` }),
  };
  return { headers, body: `${message.title}\nnext: ${message.next}\n` };
}

function statusResult(status: number): Delivered {
  if (status >= 200 && status < 300) return { type: "delivered" };
  const cause = `it answered ${status}`;
  // Of the faults that are ours these two pass by themselves (RFC 9110 and 6585).
  const isOurs = status >= 300 && status < 500 && status !== 408 && status !== 429;
  return { type: isOurs ? "refused" : "failed", cause };
}

/** Without the address: it may be a secret. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}
