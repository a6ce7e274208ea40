import { serveShare } from "../src/threads/thread.ts";

/** A thread of a run, from source. */
serveShare();
