/**
 * `deno task find`: the photographs of a folder that show a word best, and where. Features are kept in the cache: a second
 * search of the same folder reads them, a killed one goes on.
 *
 * Exits with 0 when it searched, 1 when it failed, 2 when it was called wrongly, 130 when it was stopped.
 *
 * @module
 */
import { join } from "node:path";
import { parseCoverName } from "../../lib/covers/mod.ts";
import { loadFolder } from "../../lib/datasets/mod.ts";
import { countsOf } from "../../lib/datasets/report.ts";
import {
  classPrompts,
  type Encoder,
  loadEncoder,
  scopeNotice,
  vocabularyNotice,
} from "../../lib/encoders/mod.ts";
import { describeLedger, extractFeatures, type FeatureStore } from "../../lib/features/mod.ts";
import {
  createScorer,
  medianOf,
  type ScoreMatrix,
  SCORER_NAMES,
  scoreStream,
  type SearchResult,
  topResults,
} from "../../lib/retrieval/mod.ts";
import { CACHE_DIR, checkFolder } from "../../lib/runtime/cache_dir.ts";
import { sha256File } from "../../lib/runtime/files.ts";
import { operationSignal } from "../../lib/runtime/interrupt.ts";
import { notice, printable } from "../../lib/runtime/notice.ts";
import { createProgress } from "../../lib/runtime/progress.ts";
import {
  ENCODER_OPTIONS,
  encoderUsage,
  oneOf,
  readEncoder,
  readOptions,
  UsageError,
} from "./arguments.ts";
import { runTask } from "./task.ts";

/** The embedded encoder for photographs, which looks unless another is named. */
const EMBEDDED = "photo-clip";

const OPTIONS = {
  ...ENCODER_OPTIONS,
  cover: { type: "string", default: "cc@5" },
  scorer: { type: "string", default: "full+patches" },
  count: { type: "string", default: "5" },
  cache: { type: "string", default: join(CACHE_DIR, "features") },
} as const;

const USAGE = `Usage: deno task find FOLDER WORD… [options]
${encoderUsage(EMBEDDED)}
  --cover COVER               where to look: full, cc@K, grid@N or vc@K:MINSIDE (cc@5)
  --scorer NAME               how an image is scored: ${SCORER_NAMES.join(", ")} (full+patches)
  --count N                   photographs a word (5)
  --cache FOLDER              where features are kept (features/ of DETAILCLIP_CACHE, else of .cache/)
Scores compare within a word only: beside it stands the median of all photographs. Below a photograph are its copies,
files of the same bytes; hidden folders are not searched.`;

/** What the command line asks for. */
function parseCall(args: string[]) {
  const { values, positionals } = readOptions({ args, options: OPTIONS, allowPositionals: true });
  const [folder, ...words] = positionals;
  const attempt = "Cannot search photographs";
  if (folder === undefined) throw new UsageError(`${attempt}: FOLDER is missing`);
  if (words.length === 0) throw new UsageError(`${attempt} in ${folder}: WORD is missing`);
  const count = Number(values.count);
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new UsageError(`Cannot read --count: expected a positive integer, got ${values.count}`);
  }
  try {
    const cover = parseCoverName(values.cover);
    if (cover.scheme === "objects") throw new Error("objects need annotations, a folder has none");
    return {
      ...values,
      encoder: { id: EMBEDDED, ...readEncoder(values) },
      folder,
      words,
      count,
      cover,
      scorer: oneOf("scorer", values.scorer, SCORER_NAMES),
    };
  } catch (error) {
    throw error instanceof UsageError
      ? error
      : new UsageError(`Cannot read --cover: ${(error as Error).message}`);
  }
}

type Call = ReturnType<typeof parseCall>;

/** A folder's photographs that were searched. */
interface Searched {
  call: Call;
  store: FeatureStore;
  /** The digest of a file, read once for all words. */
  digestOf: (path: string) => Promise<string>;
}

/** The features of a folder's photographs, with what is to be said of them. */
async function featuresOf({ folder, cover, cache }: Call, encoder: Encoder): Promise<FeatureStore> {
  const dataset = await loadFolder(folder), { report } = dataset;
  const left = countsOf({ ...report, imagesWithoutObjects: 0 });
  if (left.length > 0) notice(`${dataset.name}: ${left.join("; ")}`);
  const said = scopeNotice(encoder, dataset);
  if (said) notice(said);
  const progress = createProgress({ label: "Look at photographs", total: dataset.images.length });
  try {
    const store = await extractFeatures({
      ...{ dataset, cover, encoder, cacheDir: cache },
      onProgress: ({ done, encoded }) => progress.update(done, undefined, done - encoded),
    });
    for (const line of describeLedger(store.ledger)) notice(`not searched: ${line}`);
    if (store.imageIds.length === 0) {
      throw new Error(`Cannot search photographs in ${folder}: none of its images can be read`);
    }
    return store;
  } finally {
    await progress.finish();
  }
}

/** A photograph that was found. */
interface Found extends SearchResult {
  path: string;
  /** The paths of its copies. */
  copies: string[];
}

/** The first results with the boxes that won; files of the same bytes are one, at the place of the first. */
async function firstFound(
  scores: ScoreMatrix,
  query: number,
  { call: { folder, count }, store, digestOf }: Searched,
): Promise<Found[]> {
  const found: Found[] = [];
  for (const result of topResults(scores, query, { count: scores.images })) {
    const { score, patch } = result, id = store.imageIds[result.image], last = found.at(-1);
    const path = join(folder, id);
    if (last?.score === score && await digestOf(last.path) === await digestOf(path)) {
      last.copies.push(path);
      continue;
    }
    if (found.length === count) break;
    const box = patch === undefined ? undefined : store.get(id).boxes[patch];
    found.push({ ...result, rank: found.length + 1, path, copies: [], ...(box && { box }) });
  }
  return found;
}

/** The lines of one word's results, below the word and the score of a typical photograph. */
async function describe(word: string, scores: ScoreMatrix, query: number, searched: Searched) {
  const lines = (await firstFound(scores, query, searched)).flatMap(
    ({ rank, path, score, box, copies }) => {
      const place = box ? `  ${box.width}x${box.height} at ${box.left},${box.top}` : "";
      return [
        `${String(rank).padStart(4)}  ${score.toFixed(3).padStart(6)}  ${path}${place}`,
        ...copies.map((copy) => `${" ".repeat(14)}and ${copy}`),
      ];
    },
  );
  const all = scores.scores.subarray(query * scores.images, (query + 1) * scores.images);
  const typical = `(median of ${scores.images}: ${medianOf([...all]).toFixed(3)})`;
  return [`${word}  ${typical}`, ...lines].map(printable).join("\n");
}

/**
 * Searches a folder.
 *
 * @param args the command line
 * @returns what to print
 */
export async function find(args: string[]): Promise<string> {
  const call = parseCall(args), { words } = call;
  checkFolder(call.cache, "--cache", { complete: true });
  const { id, ...how } = call.encoder, encoder = await loadEncoder(id, how);
  try {
    const far = await vocabularyNotice(encoder, words);
    const queries = await classPrompts(encoder, words, { templates: "single" }); // (Q, D)
    const store = await featuresOf(call, encoder);
    const images = function* () {
      for (const id of store.imageIds) yield store.get(id); // (P, D)
    };
    const scorer = createScorer(call.scorer, queries, { dim: store.dim });
    const [scores] = await scoreStream(images(), [scorer], { signal: operationSignal() }); // (Q, N)
    if (far) notice(far);
    const digests = new Map<string, Promise<string>>(), texts: string[] = [];
    const digestOf = (path: string) => digests.getOrInsertComputed(path, () => sha256File(path));
    const searched = { call, store, digestOf };
    for (const [q, word] of words.entries()) texts.push(await describe(word, scores, q, searched));
    return texts.join("\n");
  } finally {
    await encoder.dispose();
  }
}

if (import.meta.main) await runTask(USAGE, async () => console.log(await find(Deno.args)));
