import {
  type AuthorId,
  type BundleDocument,
  createAuthor,
  type FragmentId,
  type Grant,
  parseResourceId,
  parseStreamName,
  type StreamName,
  sealBundle,
  type VerifiedPolicy,
  verifyPolicy,
} from "@antibody/policy";
import { modelCrypto, modelSigner } from "../identity/modelCrypto.ts";
import { valid } from "../identity/statements.ts";
import type { ScenarioBundle } from "./scenario.ts";

/** Stands in texts of a bundle for the number of its generation, so that each generation asks for something else. */
const generationMark = "{generation}";

/** A scenario's author: makes its root and its bundles, and knows all that it ever signed. */
export class Publisher {
  readonly author: AuthorId;
  readonly grant: Grant;
  readonly stream: StreamName;
  readonly #bundle: ScenarioBundle;
  readonly #seed: number;
  readonly #root: VerifiedPolicy;
  /** Everything signed, by id, with its generation; the root counts as generation 0. */
  readonly #signed = new Map<FragmentId, number>();

  constructor(bundle: ScenarioBundle, seed: number) {
    this.#bundle = bundle;
    this.#seed = seed;
    const stream = parseStreamName(bundle.stream);
    if (stream === undefined) throw new Error(`No name of a stream: ${bundle.stream}`);
    this.stream = stream;
    for (const resource of bundle.documents.flatMap(({ promises }) => Object.keys(promises))) {
      if (parseResourceId(resource) === undefined) throw new Error(`No resource id: ${resource}`);
    }
    const created = createAuthor({
      signer: modelSigner(`author of ${seed}`),
      nextPublicKeys: [modelSigner(`next author of ${seed}`).publicKey],
      crypto: modelCrypto,
    });
    this.author = created.author;
    this.#root = valid(verifyPolicy(created.bytes, { crypto: modelCrypto, rootOf: () => undefined }));
    this.#signed.set(this.#root.id, 0);
    const { scope, powers, mode } = bundle;
    this.grant = { author: this.author, scope, rank: 100, mode, powers, bytesMax: 1_048_576 };
  }

  /** The generation in which a document was signed; undefined for what the author never signed. */
  generationOf(id: FragmentId): number | undefined {
    return this.#signed.get(id);
  }

  /** One generation of the bundle, verified: root, manifest, fragments. */
  publish(generation: number): readonly VerifiedPolicy[] {
    const documents = JSON.parse(
      JSON.stringify(this.#bundle.documents).replaceAll(generationMark, String(generation)),
    ) as readonly BundleDocument[];
    const sealed = sealBundle({
      author: this.author,
      stream: this.stream,
      epoch: 1,
      generation,
      documents,
      signer: modelSigner(`author of ${this.#seed}`),
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
