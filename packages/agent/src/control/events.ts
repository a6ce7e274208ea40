import type { ServerResponse } from "node:http";
import type { AgentControl, LogLine } from "../ports.ts";
import { followerBacklogBytesMax, followersMax, heartbeatMs } from "./limits.ts";

/** Those who follow the log, as server-sent events. A follower that does not read is let go. */
export class Followers {
  readonly #control: Pick<AgentControl, "onLog" | "recentLog">;
  readonly #answers = new Set<ServerResponse>();
  #stopListening: (() => void) | undefined;
  #heartbeat: NodeJS.Timeout | undefined;

  constructor(control: Pick<AgentControl, "onLog" | "recentLog">) {
    this.#control = control;
  }

  get full(): boolean {
    return this.#answers.size >= followersMax;
  }

  /** Sends every line from now on, after the recent ones when asked for: none is lost or doubled in between. */
  add(answer: ServerResponse, withRecent: boolean): void {
    answer.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    answer.write(": antibody\n\n");
    if (withRecent) for (const line of this.#control.recentLog()) this.#send(answer, line);
    this.#answers.add(answer);
    answer.once("close", () => this.#remove(answer));
    this.#stopListening ??= this.#control.onLog((line) => {
      for (const follower of this.#answers) this.#send(follower, line);
    });
    this.#heartbeat ??= setInterval(() => {
      for (const follower of this.#answers) this.#write(follower, ": alive\n\n");
    }, heartbeatMs).unref();
  }

  /** Ends every stream. */
  close(): void {
    for (const answer of this.#answers) {
      this.#remove(answer);
      answer.end();
    }
  }

  #send(answer: ServerResponse, line: LogLine): void {
    this.#write(answer, `event: log\ndata: ${JSON.stringify(line)}\n\n`);
  }

  #write(answer: ServerResponse, text: string): void {
    if (answer.writableLength > followerBacklogBytesMax) {
      answer.destroy();
      return;
    }
    answer.write(text);
  }

  #remove(answer: ServerResponse): void {
    this.#answers.delete(answer);
    if (this.#answers.size > 0) return;
    this.#stopListening?.();
    this.#stopListening = undefined;
    clearInterval(this.#heartbeat);
    this.#heartbeat = undefined;
  }
}
