import { request } from "node:http";
import { withDeadline } from "../../deadline.ts";
import { codeOf, DeviceError } from "../deviceError.ts";

/** Bytes of an answer that are read. A guess: the description of a container takes tens of KiB. */
const answerBytesMax = 4_194_304;
/** Characters of an engine's complaint in an error. */
export const complaintCharactersMax = 300;

/** What an engine answered. */
export interface Answer {
  readonly status: number;
  /** What it said, read as JSON where it is; else undefined. */
  readonly value: unknown;
  readonly text: string;
}

/** An engine behind a socket, asked by HTTP in the words of Docker, which Podman has too. */
export class Engine {
  readonly #socket: string;
  readonly #signal: AbortSignal;
  readonly #timeoutMs: number;

  /** `timeoutMs` bounds each question. */
  constructor(socket: string, timeoutMs: number, signal: AbortSignal) {
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    this.#signal = signal;
  }

  /**
   * Asks. Throws ENOENT and ECONNREFUSED where no engine listens, EACCES where the agent may not ask, ETIMEDOUT and
   * ECANCELED.
   */
  async ask(method: "GET" | "POST" | "DELETE", path: string, body?: object): Promise<Answer> {
    return withDeadline({ ms: this.#timeoutMs, signals: [this.#signal] }, async (ended) => {
      try {
        return await answerOf(this.#socket, method, path, body, ended);
      } catch (error) {
        if (this.#signal.aborted) throw new DeviceError("ECANCELED", "the engine was not waited for");
        if (ended.aborted)
          throw new DeviceError("ETIMEDOUT", `the engine did not answer within ${this.#timeoutMs} ms`);
        throw explained(error, this.#socket);
      }
    });
  }

  /** Asks for what must succeed; `also` are codes of what is so already. Throws with what the engine says. */
  async do(
    method: "POST" | "DELETE",
    path: string,
    what: string,
    body?: object,
    also: readonly number[] = [],
  ): Promise<Answer> {
    const answer = await this.ask(method, path, body);
    if (answer.status < 300 || also.includes(answer.status)) return answer;
    throw engineError(what, answer);
  }
}

/** What an engine's refusal says. */
export function engineError(what: string, { status, value, text }: Answer): DeviceError {
  const said = fieldOf(value, "message") ?? text;
  const complaint = String(said).split("\n")[0]?.slice(0, complaintCharactersMax) ?? "";
  return new DeviceError(`HTTP${status}`, `the engine could not ${what}: ${complaint}`);
}

/** One field of a JSON value, where it is an object that has it. */
export function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as { readonly [name: string]: unknown })[name]
    : undefined;
}

function explained(error: unknown, socket: string): unknown {
  const code = codeOf(error);
  if (code === "ENOENT") return new DeviceError(code, `no container engine has made ${socket}`);
  if (code === "ECONNREFUSED") return new DeviceError(code, `no container engine listens at ${socket}`);
  if (code === "EACCES")
    return new DeviceError(code, `this agent may not speak with the engine at ${socket}`);
  return error;
}

function answerOf(
  socketPath: string,
  method: string,
  path: string,
  body: object | undefined,
  signal: AbortSignal,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers =
    text === undefined
      ? {}
      : { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
  const asked = request({ socketPath, method, path, headers, agent: false, signal }, (response) => {
    const chunks: Buffer[] = [];
    let length = 0;
    response.on("data", (bytes: Buffer) => {
      length += bytes.length;
      // Of a long answer, such as the progress of a fetch, the end says how it went.
      while (length > answerBytesMax && chunks.length > 0) length -= chunks.shift()?.length ?? 0;
      chunks.push(bytes);
    });
    response.on("error", reject);
    response.on("end", () => {
      const said = Buffer.concat(chunks).toString("utf8");
      resolve({ status: response.statusCode ?? 0, value: jsonOf(said), text: said });
    });
  });
  asked.on("error", reject);
  asked.end(text);
  return promise;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
