import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** One question to an engine, and what it answered. */
interface Exchange {
  readonly ask: string;
  readonly body?: unknown;
  readonly status: number;
  readonly answer: string;
}

/** Where a real engine listens, to be talked with and recorded anew; undefined: what is recorded answers. */
export const engine: string | undefined = process.env["ANTIBODY_ENGINE"];

/**
 * An engine on a Unix socket in `directory`: the one that ANTIBODY_ENGINE names, whose conversation is then written to
 * the file; else one that answers as recorded, and refuses with 599 what was not asked then, or in another order.
 */
export async function engineOf(
  file: string,
  directory: string,
): Promise<{ readonly socket: string; done(): void }> {
  const at = join(import.meta.dirname, file);
  const exchanges: Exchange[] =
    engine === undefined && existsSync(at) ? JSON.parse(readFileSync(at, "utf8")) : [];
  let next = 0;
  const answer = async (asked: IncomingMessage, response: ServerResponse): Promise<void> => {
    const text = await textOf(asked);
    const ask = `${asked.method} ${asked.url}`;
    const body: unknown = text === "" ? undefined : JSON.parse(text);
    if (engine !== undefined) {
      const { status, text: said } = await forward(engine, asked, text);
      const told = shortened(said);
      exchanges.push({ ask, ...(body === undefined ? {} : { body }), status, answer: told });
      response.writeHead(status).end(told);
      return;
    }
    const recorded = exchanges[next];
    next += 1;
    const isSame = recorded?.ask === ask && JSON.stringify(recorded.body) === JSON.stringify(body);
    if (recorded !== undefined && isSame) response.writeHead(recorded.status).end(recorded.answer);
    else
      response
        .writeHead(599)
        .end(JSON.stringify({ message: `asked ${ask}, recorded was ${JSON.stringify(recorded?.ask)}` }));
  };
  const server: Server = createServer((asked, response) => void answer(asked, response));
  const socket = join(directory, "engine.sock");
  server.listen(socket);
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return {
    socket: "/engine.sock",
    done: () => {
      if (engine !== undefined)
        writeFileSync(at, `[\n${exchanges.map((each) => JSON.stringify(each)).join(",\n")}\n]\n`);
      else if (next !== exchanges.length)
        throw new Error(`${exchanges.length - next} exchanges were not asked for`);
    },
  };
}

/** A description, without what nobody reads: it tells of the machine that it was recorded on. */
function shortened(text: string): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text;
  }
  const { Id, State, Config, message } = value as { readonly [field: string]: unknown };
  const { Running, ExitCode, Health } = (State ?? {}) as { readonly [field: string]: unknown };
  const { Labels } = (Config ?? {}) as { readonly [field: string]: unknown };
  return JSON.stringify({
    Id,
    State: State && { Running, ExitCode, Health },
    Config: Config && { Labels },
    message,
  });
}

/** Asks through a socket, as the test itself does between repairs. */
export async function askEngine(
  socketPath: string,
  method: string,
  path: string,
  body?: object,
): Promise<number> {
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  const asked = request({ socketPath, method, path, headers, agent: false });
  asked.end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  await textOf(response);
  return response.statusCode ?? 0;
}

async function forward(
  socketPath: string,
  { method, url, headers }: IncomingMessage,
  body: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const asked = request({ socketPath, method, path: url, headers, agent: false });
  asked.end(body);
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  return { status: response.statusCode ?? 0, text: await textOf(response) };
}

/** All that comes, as text. */
export async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
