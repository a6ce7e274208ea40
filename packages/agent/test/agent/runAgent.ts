// A process of its own: runs the agent of a state directory, without a network, until it is killed.
import { startAgent } from "../../src/agent.ts";

const [state = "", root = ""] = process.argv.slice(2);
await startAgent({
  state,
  root,
  build: "1.0.0",
  openNetwork: () => Promise.reject(new Error("no interface")),
});
