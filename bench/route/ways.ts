/** A way to a service with several backends, as a benchmark uses it. */
export interface Ways {
  readonly url: string;
  /** SIGKILL to a backend: to its service, and its agent where there is one. */
  kill(name: string): Promise<void>;
}
