import { fragment, policy } from "./antibody.ts";

const port = 8080;
const settings = "file:/etc/sensor.toml";

export default policy(
  "home",
  fragment(
    "sensor",
    {
      [settings]: { content: "rate = 5\n", mode: "0644" },
      "process:sensor": { command: ["/usr/bin/sensor"], after: [settings] },
      "http:sensor": { url: `http://127.0.0.1:${port}/health`, every: "5s" },
      "capability:sensor-api": { port, while: ["http:sensor"] },
    },
    'arch == "arm64" && tags.exists("greenhouse")',
  ),
);
