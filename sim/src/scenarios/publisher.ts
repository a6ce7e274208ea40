import {
  type AgentId,
  type AuthorId,
  type BundleDocument,
  createAuthor,
  type FragmentId,
  type Grant,
  parseResourceId,
  parseStreamName,
  planRollout,
  type Signer,
  type Staging,
  type StreamName,
  sealBundle,
  toHex,
  utf8,
  type VerifiedPolicy,
  verifyPolicy,
} from "@antibody/policy";
import { modelCrypto, modelSigner } from "../identity/modelCrypto.ts";
import { valid } from "../identity/statements.ts";
import type { ScenarioBundle } from "./scenario.ts";
import type { StagedPublish } from "./step.ts";

/** Stand in texts of a bundle for the number of its generation and for its variant: each asks for something else. */
const generationMark = "{generation}";
const variantMark = "{variant}";
/** Stands for the id of an agent of that name. */
const idMark = /\{id of ([^}]+)\}/g;
/** The rank of a grant where the scenario says none. */
const defaultRank = 100;

/** A scenario's author: makes its root and its bundles, and knows all that it ever signed. */
export class Publisher {
  readonly author: AuthorId;
  readonly grant: Grant;
  readonly stream: StreamName;
  readonly #bundle: ScenarioBundle;
  readonly #ids: ReadonlyMap<string, AgentId>;
  readonly #signer: Signer;
  readonly #root: VerifiedPolicy;
  /** Every body that was published, by generation and variant. */
  readonly #published = new Map<string, readonly VerifiedPolicy[]>();
  /** Everything signed, by id, with its generation; the root counts as generation 0. */
  readonly #signed = new Map<FragmentId, number>();
  readonly #staged = new Map<number, Staging>();

  constructor(bundle: ScenarioBundle, seed: number, ids: ReadonlyMap<string, AgentId>) {
    this.#bundle = bundle;
    this.#ids = ids;
    const name = `author of ${bundle.stream} of ${seed}`;
    this.#signer = modelSigner(name);
    const stream = parseStreamName(bundle.stream);
    if (stream === undefined) throw new Error(`No name of a stream: ${bundle.stream}`);
    this.stream = stream;
    for (const resource of bundle.documents.flatMap(({ promises }) => Object.keys(promises))) {
      if (parseResourceId(resource) === undefined) throw new Error(`No resource id: ${resource}`);
    }
    const created = createAuthor({
      signer: this.#signer,
      nextPublicKeys: [modelSigner(`next ${name}`).publicKey],
      crypto: modelCrypto,
    });
    this.author = created.author;
    this.#root = valid(verifyPolicy(created.bytes, { crypto: modelCrypto, rootOf: () => undefined }));
    this.#signed.set(this.#root.id, 0);
    const { scope, powers, mode, rank = defaultRank } = bundle;
    this.grant = { author: this.author, scope, rank, mode, powers, bytesMax: 1_048_576 };
  }

  /** The generation in which a document was signed; undefined for what the author never signed. */
  generationOf(id: FragmentId): number | undefined {
    return this.#signed.get(id);
  }

  /** One generation of the bundle, verified: root, manifest, fragments. Two variants of one generation equivocate. */
  publish(
    generation: number,
    variant = "",
    staged?: StagedPublish,
    members: readonly AgentId[] = [],
  ): readonly VerifiedPolicy[] {
    const key = `${generation} ${variant}`;
    const known = this.#published.get(key);
    if (known !== undefined) return known;
    if (staged !== undefined) this.#staged.set(generation, stagingFor(staged, members, key));
    const policies = this.#seal(generation, variant);
    this.#published.set(key, policies);
    return policies;
  }

  /** How a generation comes into force; undefined where it does so at once. */
  stagingOf(generation: number): Staging | undefined {
    return this.#staged.get(generation);
  }

  /** What a generation asks for, before it is signed. */
  documents(generation: number, variant: string): readonly BundleDocument[] {
    return JSON.parse(
      JSON.stringify(this.#bundle.documents)
        .replaceAll(generationMark, String(generation))
        .replaceAll(variantMark, JSON.stringify(variant).slice(1, -1))
        .replaceAll(idMark, (_mark, name: string) => this.#idOf(name)),
    ) as readonly BundleDocument[];
  }

  #idOf(name: string): AgentId {
    const id = this.#ids.get(name);
    if (id === undefined) throw new Error(`The scenario has no agent ${name}`);
    return id;
  }

  #stagingField(generation: number): { readonly staging?: Staging } {
    const staging = this.#staged.get(generation);
    return staging === undefined ? {} : { staging };
  }

  #seal(generation: number, variant: string): readonly VerifiedPolicy[] {
    const sealed = sealBundle({
      author: this.author,
      stream: this.stream,
      epoch: 1,
      generation,
      documents: this.documents(generation, variant),
      ...this.#stagingField(generation),
      signer: this.#signer,
      crypto: modelCrypto,
    });
    const root = this.#root.type === "root" ? this.#root.root : undefined;
    const policies = [sealed.manifest, ...sealed.fragments].map((bytes) =>
      valid(verifyPolicy(bytes, { crypto: modelCrypto, rootOf: () => root })),
    );
    for (const { id } of policies) this.#signed.set(id, generation);
    return [this.#root, ...policies];
  }
}

/** Longer than any scenario lasts in one wave. */
const stallAfterMs = 60_000;

function stagingFor(
  { percents, holdMs, withinMs }: StagedPublish,
  members: readonly AgentId[],
  name: string,
): Staging {
  let tried = 0;
  const nextSalt = (): string => {
    tried += 1;
    return toHex(modelCrypto.sha256(utf8(`salt ${name} ${tried}`)).subarray(0, 16));
  };
  const rollout = planRollout({ percents, members, nextSalt, stallAfterMs, crypto: modelCrypto });
  return { health: { holdMs, withinMs }, rollout };
}
