import { existsSync, mkdirSync, readFileSync } from "node:fs";
import {
  agentIdOf,
  type Member,
  memberRecord,
  sealCertificate,
  sealCharter,
  type VerifiedCharter,
  verifyCharter,
} from "@antibody/core";
import { type AgentId, type Crypto, isRejection, type SwarmId, toHex } from "@antibody/policy";
import { type Belonging, readCharterFile, writeCharterFile } from "./charterFile.ts";
import { Journal } from "./journal.ts";
import { generateKey, type PrivateKey, readKeyFile, writeKeyFile } from "./keyFile.ts";
import { type Lock, takeLock } from "./lock.ts";
import { holdsAgent, makeOwnDirectory, type StatePaths, statePaths } from "./places.ts";
import { StateError } from "./stateError.ts";

/** Tags of one device, and characters of each. Guesses: they are typed by hand. */
const tagsMax = 64;
const tagCharactersMax = 64;

/** A state directory that this process holds and has read. */
export interface AgentState extends Belonging {
  readonly paths: StatePaths;
  readonly key: PrivateKey;
  readonly journal: Journal;
  /** The owner's words for this device, for guards: one a line in the file `tags`, sorted. */
  readonly tags: readonly string[];
  /** Closes the journal, then lets the directory go. */
  close(): void;
}

/** Takes the state directory of an agent. Throws a StateError; the directory is then not held. */
export function openAgentState(stateDirectory: string, crypto: Crypto, wallMs: number): AgentState {
  const paths = statePaths(stateDirectory);
  if (!holdsAgent(paths.directory)) {
    const next = "antibody init --name NAME, or antibody join CODE";
    throw new StateError("stateMissing", `there is no agent in ${paths.directory}`, next);
  }
  const lock = holdDirectory(paths);
  try {
    const key = readAgentKey(paths.agentKey);
    const belonging = readCharterFile(paths.charter, key.publicKey, crypto);
    const tags = readTags(paths.tags);
    const journal = Journal.open(paths, wallMs);
    return {
      ...belonging,
      paths,
      key,
      journal,
      tags,
      close: () => {
        journal.close();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** What `initSwarm` made. */
export interface FoundedSwarm {
  readonly swarm: SwarmId;
  readonly agent: AgentId;
  readonly name: string;
  /** The key that can save the swarm when its founder is lost. It belongs on another medium. */
  readonly recoveryKeyPath: string;
}

/** What `initSwarm` needs. */
export interface InitOptions {
  readonly state: string;
  /** The name of the first agent. */
  readonly name: string;
  /** What people call the swarm; the agent's name where nothing is said. */
  readonly swarmName?: string;
  /** Public key of the owner whose words the device obeys; absent: the one of `owner.key`, made here. */
  readonly owner?: Uint8Array;
}

/** Founds a swarm, with the agent of this state directory as its first member. Throws a StateError. */
export function initSwarm(options: InitOptions, crypto: Crypto): FoundedSwarm {
  const holding = holdEmptyState(options.state);
  const { paths, key } = holding;
  try {
    const founder = toHex(key.publicKey);
    const recovery = ownKey(paths.recoveryKey);
    const charterBytes = sealCharter(
      {
        v: 1,
        type: "charter",
        name: options.swarmName ?? options.name,
        founder,
        recovery: toHex(recovery.publicKey),
        nonce: randomNonce(),
      },
      key,
    );
    const charter = ownCharter(charterBytes, crypto);
    const certificate = sealCertificate(
      {
        v: 1,
        type: "certificate",
        swarm: charter.swarm,
        key: founder,
        name: options.name,
        serial: 1,
        nonce: randomNonce(),
        mayInvite: true,
        inviter: founder,
      },
      key,
    );
    const owner = options.owner === undefined ? {} : { owner: options.owner };
    holding.store({ charter: charterBytes, chain: [certificate], members: [], ...owner });
    return {
      swarm: charter.swarm,
      agent: agentIdOf(key.publicKey, crypto),
      name: options.name,
      recoveryKeyPath: paths.recoveryKey,
    };
  } finally {
    holding.release();
  }
}

/** Where an agent belongs from now on. */
export interface Joined {
  /** The charter's envelope. */
  readonly charter: Uint8Array;
  /** The agent's own certificates, founder first. */
  readonly chain: readonly Uint8Array[];
  /** Whom it knows from the first moment on. */
  readonly members: readonly Member[];
  /** Public key of the owner whose words it obeys; absent: the one of `owner.key`. */
  readonly owner?: Uint8Array;
}

/** A state directory without an agent, held while one is made. */
export interface EmptyState {
  readonly paths: StatePaths;
  /** The key of the agent to be; kept when joining fails and is tried again. */
  readonly key: PrivateKey;
  /** Writes where the agent belongs; the agent is then there. Throws a StateError. */
  store(joined: Joined): void;
  release(): void;
}

/** Prepares a state directory for an agent that joins or founds a swarm. Throws `stateExists` where one is. */
export function holdEmptyState(stateDirectory: string): EmptyState {
  const paths = statePaths(stateDirectory);
  makeOwnDirectory(paths.directory, 0o700);
  // Before the lock: who is told that it is held would stop the agent, only to hear that it is one.
  refuseSecond(paths);
  const lock = holdDirectory(paths);
  try {
    refuseSecond(paths);
    const key = ownKey(paths.agentKey);
    const owner = ownKey(paths.ownerKey);
    mkdirSync(paths.authorKeys, { recursive: true, mode: 0o700 });
    return {
      paths,
      key,
      store: ({ charter, chain, members, owner: pinned }) => {
        const journal = Journal.open(paths, Date.now());
        journal.persist("sync", members.map(memberRecord));
        journal.close();
        writeCharterFile(paths.charter, { charter, chain, owner: pinned ?? owner.publicKey });
      },
      release: () => lock.release(),
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function holdDirectory(paths: StatePaths): Lock {
  makeOwnDirectory(paths.directory, 0o700);
  return takeLock(paths.directory);
}

/** Where an agent was, its key must be: without it there is another agent to be made, elsewhere. */
function readAgentKey(path: string): PrivateKey {
  if (existsSync(path)) return readKeyFile(path);
  const next = "Restore the file from a backup, or join the swarm again with a new state directory.";
  throw new StateError("stateBroken", `${path} is missing`, next);
}

/** The key in a file, made where there is none yet: an interrupted beginning goes on with the same one. */
function ownKey(path: string): PrivateKey {
  if (existsSync(path)) return readKeyFile(path);
  const key = generateKey();
  writeKeyFile(path, key);
  return key;
}

function ownCharter(bytes: Uint8Array, crypto: Crypto): VerifiedCharter {
  const charter = verifyCharter(bytes, crypto);
  if (isRejection(charter)) throw new Error(`The charter just made is not sound: ${charter.detail}`);
  return charter;
}

function randomNonce(): string {
  return toHex(globalThis.crypto.getRandomValues(new Uint8Array(16)));
}

function readTags(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  const tags = readFileSync(path, "utf8")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  const wrong = tags.find((tag) => tag.length > tagCharactersMax);
  if (tags.length > tagsMax || wrong !== undefined) {
    const next = `Write one tag a line: at most ${tagsMax}, of at most ${tagCharactersMax} characters.`;
    throw new StateError("stateBroken", `${path} holds too many tags, or too long ones`, next);
  }
  return [...new Set(tags)].sort();
}

function refuseSecond({ directory }: StatePaths): void {
  if (!holdsAgent(directory)) return;
  const next = "Look at it: antibody status. For another agent, choose another directory with --state.";
  throw new StateError("stateExists", `there is an agent in ${directory} already`, next);
}
