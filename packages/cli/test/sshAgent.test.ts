import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateKey, nodeCrypto } from "@antibody/agent/state";
import { isRejection, type Root, type VerifiedPolicy, verifyPolicy } from "@antibody/policy";
import { describe, expect, onTestFinished, test } from "vitest";
import { decodeBundle } from "../../agent/src/network/wire/bundle.ts";
import { keyBlob } from "../src/author/sshAgent/messages.ts";
import { type Stage, setStage } from "./commandLine.ts";
import { fullInspection, source } from "./fixtures.ts";
import { schemaProblems } from "./schemas.ts";
import { keysAnswer, SshAgentDouble, signatureAnswer, sshString } from "./sshAgentDouble.ts";
import { whyWithout } from "./tools.ts";

function directory(): string {
  const made = mkdtempSync(join(tmpdir(), "antibody-ssh-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** What was offered, verified one after the other as a device would. */
function verifiedOf(stage: Stage): readonly VerifiedPolicy[] {
  let root: Root | undefined;
  return stage.agent.offers
    .flatMap((bytes) => decodeBundle(bytes) ?? [bytes])
    .map((bytes) => {
      const known = root;
      const policy = verifyPolicy(bytes, { crypto: nodeCrypto(), rootOf: () => known });
      if (isRejection(policy)) throw new Error(policy.detail);
      if (policy.type === "root") root = policy.root;
      return policy;
    });
}

async function told(stage: Stage, ...args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, value } = await stage.json(...args);
  expect([value, code]).toEqual([value, 0]);
  expect(schemaProblems(value)).toEqual([]);
  return value;
}

const reason = whyWithout("ssh-agent", "ssh-add", "ssh-keygen");

describe.skipIf(reason !== undefined)(
  `with OpenSSH's own agent${reason === undefined ? "" : ` (${reason})`}`,
  () => {
    /** An agent that holds these keys; ssh-add and the stage find it. */
    async function agentWith(...types: readonly string[]): Promise<{
      readonly stage: Stage;
      readonly place: string;
      readonly add: (...args: readonly string[]) => void;
    }> {
      const place = directory();
      const socket = join(place, "agent.sock");
      const child = spawn("ssh-agent", ["-D", "-a", socket], { stdio: ["ignore", "pipe", "ignore"] });
      onTestFinished(async () => {
        const ended = once(child, "exit");
        child.kill();
        await ended;
      });
      // It says where it listens once it does.
      await once(child.stdout, "data");
      const environment = { ...process.env, SSH_AUTH_SOCK: socket, SSH_ASKPASS_REQUIRE: "never" };
      const add = (...args: readonly string[]): void =>
        void execFileSync("ssh-add", args, { env: environment, stdio: "pipe" });
      for (const [index, type] of types.entries()) {
        const file = join(place, `${type}-${index}`);
        execFileSync("ssh-keygen", [
          "-q",
          "-t",
          type,
          "-N",
          "",
          "-C",
          `${type} of a test ${index}`,
          "-f",
          file,
        ]);
        add(file);
      }
      const stage = await setStage(fullInspection);
      stage.terminal.environment["SSH_AUTH_SOCK"] = socket;
      writeFileSync(join(stage.state, "home.yaml"), source);
      return { stage, place, add };
    }

    test("an author signs, rotates and signs again by keys that no file holds", async () => {
      const { stage, place, add } = await agentWith("ed25519", "ed25519");
      const held = ["--ssh-agent", join(place, "ed25519-0.pub"), "--next-ssh-agent", "ed25519 of a test 1"];
      const made = await told(stage, "author", "keygen", "--name", "home", ...held);
      expect(made).toMatchObject({ sealed: false, sshAgent: [expect.anything(), expect.anything()] });
      const file = JSON.parse(readFileSync(String(made["keyFile"]), "utf8"));
      expect(file.secret).toEqual({ type: "sshAgent" });
      const policy = join(stage.state, "home.yaml");
      await told(stage, "publish", policy, "--author", "home");
      expect(verifiedOf(stage).map(({ type }) => type)).toEqual(["root", "fragment", "fragment", "manifest"]);
      const out = join(stage.state, "home.bundle");
      await told(stage, "sign", policy, "--author", "home", "--generation", "2", "--out", out);
      await told(stage, "author", "heartbeat", "--author", "home");
      // The next key is an agent's, and the one after it is made here: it needs a passphrase.
      stage.terminal.environment["ANTIBODY_PASSPHRASE"] = "correct horse";
      await told(stage, "author", "rotate", "--author", "home");
      stage.agent.offers.splice(0);
      // The old key may go: the new one signs.
      add("-d", join(place, "ed25519-0"));
      await told(stage, "publish", policy, "--author", "home");
      expect(verifiedOf(stage).map(({ type }) => type)).toEqual([
        "root",
        "root",
        "fragment",
        "fragment",
        "manifest",
      ]);
      const next = JSON.parse(readFileSync(String(made["nextKeyFile"]), "utf8"));
      expect(next.secret.type).toBe("scrypt-aes-256-gcm");
    });

    test("a key is found by its fingerprint, and told where the agent has it no more", async () => {
      const { stage, place, add } = await agentWith("ed25519");
      const fingerprint =
        execFileSync("ssh-keygen", ["-lf", join(place, "ed25519-0.pub")], { encoding: "utf8" }).split(
          " ",
        )[1] ?? "";
      const keygen = ["author", "keygen", "--name", "home", "--no-passphrase", "--ssh-agent"];
      const made = await told(stage, ...keygen, fingerprint);
      expect(made["sshAgent"]).toEqual([fingerprint]);
      add("-D");
      const { code, value } = await stage.json("publish", join(stage.state, "home.yaml"), "--author", "home");
      expect(code).toBe(1);
      expect(value).toMatchObject({
        error: {
          code: "sshAgent",
          message: `the ssh-agent does not hold the key ${fingerprint}`,
          cause: "it holds none, or is locked",
        },
      });
      expect(stage.agent.offers).toEqual([]);
    });

    test("a key of another type signs no policy", async () => {
      const { stage } = await agentWith("ecdsa");
      const { value } = await stage.json(
        "author",
        "keygen",
        "--name",
        "home",
        "--ssh-agent",
        "ecdsa of a test 0",
      );
      expect(value).toMatchObject({
        error: {
          code: "sshAgent",
          cause: expect.stringContaining("ecdsa-sha2-nistp256"),
          next: expect.stringContaining("-t ed25519"),
        },
      });
    });
  },
);

describe("an ssh-agent that does not do what it should", () => {
  const key = generateKey();
  const held = keysAnswer([[keyBlob(key.publicKey), "mine"]]);

  async function keygenWith(answer: (request: Uint8Array, nth: number) => Uint8Array | undefined) {
    const stage = await setStage();
    const double = new SshAgentDouble(directory(), answer);
    await double.listen();
    onTestFinished(() => double.close());
    stage.terminal.environment["SSH_AUTH_SOCK"] = double.socket;
    const args = ["author", "keygen", "--name", "home", "--no-passphrase", "--ssh-agent", "mine"];
    const { code, value } = await stage.json(...args);
    expect(existsSync(join(stage.state, "author-keys"))).toBe(code === 0);
    return { code, value, double };
  }

  test("signs exactly the bytes that it is given", async () => {
    const { code, double } = await keygenWith((request, nth) => {
      if (nth === 0) return held;
      const message = request.subarray(1 + 4 + keyBlob(key.publicKey).length + 4, -4);
      return signatureAnswer(key.sign(message));
    });
    expect(code).toBe(0);
    // DSSE's encoding, flags and all (draft-ietf-sshm-ssh-agent, 3.6).
    const asked = Buffer.from(double.asked[1] ?? []);
    expect(asked[0]).toBe(13);
    expect(asked.includes("DSSEv1 ")).toBe(true);
    expect(asked.subarray(-4)).toEqual(Buffer.alloc(4));
  });

  test.each<[string, string, (request: Uint8Array, nth: number) => Uint8Array | undefined]>([
    ["refuses to name its keys", "locked", () => sshString(Buffer.of(5))],
    ["hangs up", "does not speak the agent protocol", () => undefined],
    [
      "speaks another language",
      "does not speak the agent protocol",
      () => Buffer.from("SSH-2.0-OpenSSH_9.9\r\n"),
    ],
    [
      "announces more than fits",
      "does not speak the agent protocol",
      () => Buffer.of(0xff, 0xff, 0xff, 0xff),
    ],
    [
      "says more than it announces",
      "does not speak the agent protocol",
      () => Buffer.concat([held, Buffer.of(0)]),
    ],
    ["counts more keys than it names", "does not speak", () => sshString(Buffer.of(12, 0, 0, 0, 9))],
    ["counts more keys than an agent holds", "does not speak", () => sshString(Buffer.of(12, 1, 0, 0, 0))],
    ["holds no such key", "ssh-ed25519", () => keysAnswer([[keyBlob(key.publicKey), "other"]])],
    [
      "holds two of one name",
      "mine",
      () =>
        keysAnswer([
          [keyBlob(key.publicKey), "mine"],
          [keyBlob(generateKey().publicKey), "mine"],
        ]),
    ],
    [
      "holds a security key",
      "signs more than what it is given",
      () =>
        keysAnswer([
          [Buffer.concat([sshString("sk-ssh-ed25519@openssh.com"), sshString(key.publicKey)]), "mine"],
        ]),
    ],
    [
      "holds a key that is cut",
      "ssh-ed25519",
      () => keysAnswer([[keyBlob(key.publicKey.subarray(1)), "mine"]]),
    ],
    ["refuses to sign", "somebody said no", (_request, nth) => (nth === 0 ? held : sshString(Buffer.of(5)))],
    [
      "signs by another scheme",
      "does not speak",
      (_request, nth) => (nth === 0 ? held : signatureAnswer(new Uint8Array(64), "ssh-rsa")),
    ],
    [
      "signs something else",
      "of other bytes",
      (_request, nth) => (nth === 0 ? held : signatureAnswer(key.sign(Buffer.from("other")))),
    ],
    [
      "signs too little",
      "does not speak",
      (_request, nth) => (nth === 0 ? held : signatureAnswer(new Uint8Array(63))),
    ],
  ])("and %s is told so, and nothing is made", async (_what, cause, answer) => {
    const { code, value } = await keygenWith(answer);
    expect(code).toBe(1);
    const { error } = value as { error: { code: string; cause: string; next: string } };
    expect(error.code).toBe("sshAgent");
    expect(error.cause).toContain(cause);
    expect(error.next).not.toBe("");
  });

  test("is missed where nobody listens, and where none is named", async () => {
    const stage = await setStage();
    const args = ["author", "keygen", "--name", "home", "--no-passphrase", "--ssh-agent", "mine"];
    expect((await stage.json(...args)).value).toMatchObject({ error: { cause: "SSH_AUTH_SOCK is not set" } });
    stage.terminal.environment["SSH_AUTH_SOCK"] = join(directory(), "nobody.sock");
    expect((await stage.json(...args)).value).toMatchObject({
      error: { cause: expect.stringContaining("ENOENT") },
    });
  });

  test("is not asked for one key twice, nor for more than there are people", async () => {
    const { stage } = { stage: await setStage() };
    const double = new SshAgentDouble(directory(), () => held);
    await double.listen();
    onTestFinished(() => double.close());
    stage.terminal.environment["SSH_AUTH_SOCK"] = double.socket;
    const args = ["author", "keygen", "--name", "home", "--ssh-agent", "mine"];
    expect((await stage.run(...args, "--next-ssh-agent", "mine")).code).toBe(2);
    expect((await stage.run(...args, "--ssh-agent", "mine")).code).toBe(2);
  });
});
