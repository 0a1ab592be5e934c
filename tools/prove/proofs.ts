/**
 * The proofs of `deno task prove`: which inputs each tries, and how many.
 *
 * @module
 */
import { cpSync } from "node:fs";
import { basename, join } from "node:path";
import { sampleFolder, SAMPLES, sourceIn } from "../../lib/datasets/readers/testing.ts";
import { ALLOWED_FORMATS } from "../../lib/images/format.ts";
import { createRandom, type Random } from "../../lib/numeric/random.ts";
import { ROOT } from "../project.ts";
import { damage, damageJson, repairSums } from "./mutations.ts";
import { makePolyglot } from "./polyglots.ts";
import { SAMPLE_ANNOTATIONS, sampleImages } from "./samples.ts";
import { runTrials, type TrialInput, type TrialOptions, type TrialResult } from "./trials.ts";

/** How a proof is run. */
export interface ProofOptions {
  /** How many inputs of each kind. */
  count: number;
  /** Seed of every draw. */
  seed: number;
  /** An existing, empty folder to work in. */
  folder: string;
  /** Called after each input. */
  onInput?: (done: number) => void;
}

/** A proof by many inputs. */
export interface Proof {
  /** How many inputs of each kind it takes. */
  count: number;
  /** The kinds. */
  kinds: readonly string[];
  run(options: ProofOptions): Promise<TrialResult>;
}

/** Starts a process that has the permissions of `deno task extract`. */
const child = (...args: string[]) => [
  ...["run", "--quiet", "--no-prompt", "--frozen", "-P=extract"],
  ...[join(ROOT, "tools", "prove", "child.ts"), ...args],
];

/** Damaged images of every accepted format. */
async function* damagedImages({ count, seed }: ProofOptions): AsyncGenerator<TrialInput> {
  const samples = await sampleImages();
  for (const format of ALLOWED_FORMATS) {
    for (const [i, bytes] of samples[format].entries()) {
      yield { name: `${format} sample ${i}`, kind: format, bytes, whole: true };
    }
    for (let i = 0; i < count; i++) {
      const random = createRandom(`images ${seed} ${format} ${i}`);
      const which = random.integer(0, samples[format].length - 1);
      const { bytes, done } = damage(samples[format][which], random.pick(samples[format]), random);
      const repaired = format === "png" && i % 2 === 0;
      yield {
        name: `${format} ${i} (sample ${which}, ${done}${repaired ? ", sums repaired" : ""})`,
        kind: format,
        bytes: repaired ? repairSums(bytes) : bytes,
      };
    }
  }
}

/** A damaged file: of JSON half of them as values, the others as bytes. */
function damageText(whole: Uint8Array, random: Random, asJson: boolean) {
  if (!asJson) return damage(whole, whole, random);
  const { text, done } = damageJson(JSON.parse(new TextDecoder().decode(whole)), random);
  return { bytes: new TextEncoder().encode(text), done };
}

/** Damaged annotation files of COCO's format, in the folder's own file. */
function* damagedCoco({ count, seed }: ProofOptions): Generator<TrialInput> {
  for (const [kind, sample] of Object.entries(SAMPLE_ANNOTATIONS)) {
    const whole = new TextEncoder().encode(JSON.stringify(sample()));
    yield { name: `${kind} sample`, kind, bytes: whole, whole: true };
    for (let i = 0; i < count; i++) {
      const random = createRandom(`annotations ${seed} ${kind} ${i}`);
      const { bytes, done } = damageText(whole, random, i % 2 === 0);
      yield { name: `${kind} ${i} (${done})`, kind, bytes };
    }
  }
}

/** Damaged annotation files of the other formats, each among the files of a copy of a whole data set. */
function* damagedSamples({ count, seed, folder }: ProofOptions): Generator<TrialInput> {
  for (const sample of SAMPLES) {
    const kind = sample.folder, root = join(folder, kind);
    cpSync(sampleFolder(kind), root, { recursive: true });
    const question = JSON.stringify(sourceIn(sample, root));
    const wholes = sample.files.map((path) => ({
      among: { file: join(root, path), question },
      bytes: Deno.readFileSync(join(root, path)),
    }));
    yield { name: `${kind} sample`, kind, whole: true, ...wholes[0] };
    for (let i = 0; i < count; i++) {
      const random = createRandom(`annotations ${seed} ${kind} ${i}`);
      const { among, bytes: whole } = random.pick(wholes);
      const asJson = i % 2 === 0 && /json$/.test(among.file);
      const { bytes, done } = damageText(whole, random, asJson);
      yield { name: `${kind} ${i} (${basename(among.file)}, ${done})`, kind, bytes, among };
    }
  }
}

/** Damaged annotation files of every reader. */
async function* damagedAnnotations(options: ProofOptions): AsyncGenerator<TrialInput> {
  yield* damagedCoco(options);
  yield* damagedSamples(options);
  await Promise.resolve();
}

/** Files that are an accepted format by their signature, and another by their content. */
async function* polyglots({ count, seed }: ProofOptions): AsyncGenerator<TrialInput> {
  const wholes = Object.values(await sampleImages()).flat();
  for (const [i, bytes] of wholes.entries()) {
    yield { name: `sample ${i}`, kind: "polyglots", bytes, whole: true };
  }
  for (let i = 0; i < count; i++) {
    const { bytes, done } = makePolyglot(createRandom(`polyglots ${seed} ${i}`), wholes);
    yield { name: `polyglot ${i} (${done})`, kind: "polyglots", bytes };
  }
}

/** Runs inputs against a child. */
const by = (
  inputs: (options: ProofOptions) => AsyncGenerator<TrialInput>,
  args: (folder: string) => string[],
  more: Partial<TrialOptions> = {},
) =>
(options: ProofOptions): Promise<TrialResult> =>
  runTrials(inputs(options), {
    ...{ child: child(...args(options.folder)), folder: options.folder, onInput: options.onInput },
    ...more,
  });

/** The proofs by inputs. */
export const PROOFS: Record<string, Proof> = {
  images: {
    count: 1000,
    kinds: ALLOWED_FORMATS,
    run: by(damagedImages, () => ["images"]),
  },
  annotations: {
    count: 200,
    kinds: [...Object.keys(SAMPLE_ANNOTATIONS), ...SAMPLES.map(({ folder }) => folder)],
    run: by(damagedAnnotations, (folder) => ["annotations", folder]),
  },
  polyglots: {
    count: 200,
    kinds: ["polyglots"],
    run: by(polyglots, () => ["polyglots"]),
  },
};
