import type { LogEntry } from "../log/log.ts";
import type { Trouble } from "../ports.ts";

/** What the log tells of the body's troubles: the event that begins one, the one that ends it, and what it means. */
const kinds: readonly {
  readonly name: Trouble["name"];
  readonly ended: string;
  readonly what: (fields: LogEntry["fields"]) => string;
}[] = [
  {
    name: "agent.stateUnwritten",
    ended: "agent.stateWritten",
    what: ({ message }) => `what must survive a restart cannot be written to the state directory: ${message}`,
  },
  {
    name: "agent.historyFailed",
    ended: "agent.historyWritten",
    what: ({ message }) => `its history cannot be written to the state directory: ${message}`,
  },
  {
    name: "device.polling",
    ended: "device.watching",
    what: ({ code }) => `the system refuses watches (${code}): only the sweep sees what changes`,
  },
  {
    name: "agent.networkFailed",
    ended: "agent.listening",
    what: ({ message }) => `it does not listen: ${message}`,
  },
  {
    name: "network.lanDeaf",
    ended: "network.lanHeard",
    what: ({ cause }) => `peers on its own network are not heard by mDNS: ${cause}`,
  },
  {
    name: "agent.pluginsRefused",
    // The registration is read at the start, and not again.
    ended: "agent.stopping",
    what: ({ cause }) => `no plug-in runs: ${cause}`,
  },
  {
    name: "agent.handoffFailed",
    ended: "agent.handoffWorks",
    what: ({ cause }) => `nobody is told of incidents: ${cause}`,
  },
];

/** What keeps the body from its full work now. Read off the log, so that the two never tell different things. */
export class Troubles {
  readonly #now = new Map<Trouble["name"], string>();

  note({ name, fields }: LogEntry): void {
    for (const kind of kinds) {
      if (kind.name === name) this.#now.set(kind.name, kind.what(fields));
      else if (kind.ended === name) this.#now.delete(kind.name);
    }
  }

  list(): readonly Trouble[] {
    return Array.from(this.#now, ([name, what]) => ({ name, what }));
  }
}
