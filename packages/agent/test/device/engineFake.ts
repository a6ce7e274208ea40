import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { onTestFinished } from "vitest";
import { textOf } from "./conversation.ts";

/** A container as the fake knows it. */
interface Made {
  readonly id: string;
  readonly labels: { readonly [name: string]: string };
  readonly command: readonly string[];
  isRunning: boolean;
  exitCode: number;
}

/** What becomes of one question: refused before anything happens, or the answer lost when all has happened. */
export type Fault = "refused" | "lost";

interface Reply {
  readonly status: number;
  readonly value?: object;
}

/** The code of what SIGKILL ended: the fake's programs do not end by SIGTERM, like a shell as process 1. */
const killedCode = 137;

/**
 * A container engine without containers, in Docker's words: it knows what is made and what runs. A test holds it to the
 * recorded conversation with a real one.
 */
export class EngineFake {
  readonly #images: ReadonlySet<string>;
  readonly #containers = new Map<string, Made>();
  #made = 0;
  #fault: { readonly kind: Fault; after: number } | undefined;

  constructor(images: readonly string[]) {
    this.#images = new Set(images);
  }

  /** Listens on a Unix socket until the test ends. */
  async listen(path: string): Promise<void> {
    const server = createServer((asked, response) => void this.#serve(asked, response));
    server.listen(path);
    await once(server, "listening");
    onTestFinished(() => void server.close());
  }

  /** Lets the question fail that comes after so many others. One at a time. */
  failAfter(questions: number, kind: Fault): void {
    this.#fault = { kind, after: questions };
  }

  /** No question fails any more. */
  failNothing(): void {
    this.#fault = undefined;
  }

  /** Names of all containers. */
  get names(): readonly string[] {
    return [...this.#containers.keys()];
  }

  /** Answers as an engine does. */
  answer(method: string, url: string, body: unknown): Reply {
    const { pathname, searchParams } = new URL(url, "http://engine");
    const [, kind = "", ...rest] = decodeURI(pathname).split("/");
    if (kind === "images") return this.#image(method, rest.join("/"));
    const [name = "", verb = ""] = rest;
    if (method === "POST" && name === "create") return this.#create(searchParams.get("name") ?? "", body);
    const found = this.#containers.get(name);
    if (found === undefined)
      return refused(404, `no container with name or ID "${name}" found: no such container`);
    if (method === "DELETE") {
      this.#containers.delete(name);
      return { status: 204 };
    }
    return this.#do(name, found, `${method} ${verb}`, searchParams.get("name") ?? "");
  }

  #do(name: string, found: Made, verb: string, to: string): Reply {
    switch (verb) {
      case "GET json":
        return { status: 200, value: described(found) };
      case "POST start":
      case "POST restart":
        return start(found);
      case "POST stop":
        if (!found.isRunning) return { status: 304 };
        return end(found);
      case "POST kill":
        return found.isRunning ? end(found) : refused(409, "can only kill running containers");
      case "POST rename":
        if (this.#containers.has(to)) return refused(409, `the name "${to}" is in use`);
        this.#containers.delete(name);
        this.#containers.set(to, found);
        return { status: 204 };
      default:
        return refused(599, `nobody asked an engine for ${verb} before`);
    }
  }

  #image(method: string, rest: string): Reply {
    // What is fetched comes from nowhere: it says 200, and the image is not there.
    if (method === "POST") return { status: 200, value: {} };
    const image = rest.replace(/\/json$/, "");
    return this.#images.has(image)
      ? { status: 200, value: { Id: `sha256:${image}`, Config: { Labels: null } } }
      : refused(404, `failed to find image ${image}: No such image`);
  }

  #create(name: string, body: unknown): Reply {
    const { Image, Cmd, Labels } = body as {
      readonly Image: string;
      readonly Cmd?: readonly string[];
      readonly Labels?: Made["labels"];
    };
    if (!this.#images.has(Image)) return refused(404, `no such image: ${Image}: image not known`);
    if (this.#containers.has(name)) return refused(409, `the container name "${name}" is already in use`);
    this.#made += 1;
    const id = createHash("sha256").update(`${this.#made}`).digest("hex");
    this.#containers.set(name, {
      id,
      labels: Labels ?? {},
      command: Cmd ?? [],
      isRunning: false,
      exitCode: 0,
    });
    return { status: 201, value: { Id: id } };
  }

  async #serve(asked: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await textOf(asked);
    const fault = this.#takeFault();
    const { status, value } =
      fault === "refused"
        ? refused(500, "the engine has no time")
        : this.answer(asked.method ?? "", asked.url ?? "", text === "" ? undefined : JSON.parse(text));
    if (fault === "lost") asked.socket.destroy();
    else response.writeHead(status).end(value === undefined ? "" : JSON.stringify(value));
  }

  #takeFault(): Fault | undefined {
    if (this.#fault === undefined) return undefined;
    const { kind, after } = this.#fault;
    this.#fault.after -= 1;
    if (after > 0) return undefined;
    this.#fault = undefined;
    return kind;
  }
}

function refused(status: number, message: string): Reply {
  return { status, value: { message } };
}

function described({ id, isRunning, exitCode, labels }: Made): object {
  return {
    Id: id,
    State: { Running: isRunning, ExitCode: exitCode, Health: { Status: "" } },
    Config: { Labels: labels },
  };
}

/** A program that is not in the image is found missing only when it is to start. */
function start(made: Made): Reply {
  if (made.isRunning) return { status: 304 };
  const [program = ""] = made.command;
  if (program.startsWith("/no/")) return refused(500, `executable file \`${program}\` not found`);
  made.isRunning = true;
  made.exitCode = 0;
  return { status: 204 };
}

function end(made: Made): Reply {
  made.isRunning = false;
  made.exitCode = killedCode;
  return { status: 204 };
}
