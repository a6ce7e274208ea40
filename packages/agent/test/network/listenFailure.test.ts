import { once } from "node:events";
import { createServer } from "node:net";
import { generateKeyPair } from "@libp2p/crypto/keys";
import { expect, onTestFinished, test } from "vitest";
import { listenFailure } from "../../src/network/listenFailure.ts";
import { createNode } from "../../src/network/node.ts";

async function failureOn(...listen: string[]): Promise<string> {
  const { libp2p } = await createNode({ privateKey: await generateKeyPair("Ed25519"), listen });
  onTestFinished(() => void libp2p.stop());
  return Promise.resolve(libp2p.start()).then(
    () => "none",
    (error: unknown) => listenFailure(error),
  );
}

test("an address that is taken, or not this device's, is named on one line with its cause", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  expect(await failureOn(`/ip4/127.0.0.1/tcp/${port}`)).toBe(
    `/ip4/127.0.0.1/tcp/${port}: listen EADDRINUSE: address already in use 127.0.0.1:${port}`,
  );
  expect(await failureOn("/ip4/192.0.2.1/tcp/4001")).toBe(
    "/ip4/192.0.2.1/tcp/4001: listen EADDRNOTAVAIL: address not available 192.0.2.1:4001",
  );
});

test("what is no word of libp2p's is told as it is", () => {
  expect(listenFailure(new Error("no interface"))).toBe("no interface");
});
