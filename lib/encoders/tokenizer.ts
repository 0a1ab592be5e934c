/**
 * Texts to token ids, within bounds of length and of time.
 *
 * @module
 */
import type { PreTrainedTokenizer } from "@huggingface/transformers";
import vm from "node:vm";
import { checkpoint } from "../runtime/interrupt.ts";
import { lowercased, type TextRules } from "./text_rules.ts";
import { library } from "./towers.ts";

/** Texts as a model reads them. */
export interface TokenizedTexts {
  /** Each text's tokens, as few as the model allows. */
  ids: number[][];
  /** The texts that are longer than the context: their ends are cut off. */
  cut: number[];
  /** How many tokens the model reads at most. */
  context: number;
}

/** Cuts texts into tokens. */
export type Tokenize = (texts: readonly string[], signal: AbortSignal) => Promise<TokenizedTexts>;

/** Texts that are tokenised together, and the time that they may take (ms). */
const GROUP = 32;
const GROUP_MS = 500;
/** Time that a text alone may take (ms): an ordinary one takes less than one. */
const TEXT_MS = 1500;

const bounded: { work?: () => unknown } = vm.createContext({});
const script = new vm.Script("work()");

/**
 * Runs synchronous work that is stopped after a time: a regular expression of a model's own may go on for ever, and
 * nothing else in the process runs meanwhile.
 *
 * @param work what to run
 * @param timeout ms
 * @returns what it returned, or undefined when it was stopped
 */
function withinTime<T>(work: () => T, timeout: number): { result: T } | undefined {
  bounded.work = work;
  try {
    return { result: script.runInContext(bounded, { timeout }) as T };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ERR_SCRIPT_EXECUTION_TIMEOUT" || /^Script execution timed out/.test(message)) {
      return undefined;
    }
    throw error;
  } finally {
    bounded.work = undefined;
  }
}

/**
 * Tokenises texts some at a time; where these take long, one by one, so that a busy machine is no reason to refuse.
 *
 * @throws {Error} when one text takes too long
 */
async function tokenizeAll(
  encode: (texts: string[]) => number[][],
  texts: readonly string[],
  signal: AbortSignal,
): Promise<number[][]> {
  const all: number[][] = [];
  for (let from = 0; from < texts.length; from += GROUP) {
    const group = texts.slice(from, from + GROUP);
    const together = withinTime(() => encode(group), GROUP_MS);
    if (together) all.push(...together.result);
    for (const text of together ? [] : group) {
      await checkpoint(signal);
      const alone = withinTime(() => encode([text]), TEXT_MS);
      if (!alone) {
        throw new Error(
          `Cannot encode text ${all.length}: the model's tokenizer took more than ${
            TEXT_MS / 1000
          } s for ` +
            `${
              JSON.stringify(text.slice(0, 40))
            }; the text is too long, or a pattern in tokenizer.json is unsound`,
        );
      }
      all.push(...alone.result);
    }
  }
  return all;
}

/**
 * Loads a model's tokenizer.
 *
 * @param folder absolute path of the model's folder
 * @param rules what its text tower wants
 */
export async function loadTokenizer(folder: string, rules: TextRules): Promise<Tokenize> {
  const { AutoTokenizer } = await library();
  const tokenizer: PreTrainedTokenizer = await AutoTokenizer.from_pretrained(folder, {
    local_files_only: true,
  });
  const { context, padded, lowercase } = rules, filler = tokenizer.pad_token_id ?? 0;
  const encode = (texts: string[]) => {
    const given = lowercase ? texts.map(lowercased) : texts;
    return (tokenizer(given, { return_tensor: false }) as { input_ids: number[][] }).input_ids;
  };
  return async (texts, signal) => {
    const cut: number[] = [];
    const ids = (await tokenizeAll(encode, texts, signal)).map((ids, text) => {
      if (ids.length > context) cut.push(text);
      // The library's own truncation drops the end token, from which CLIP reads a text's vector.
      const kept = ids.length > context ? [...ids.slice(0, context - 1), ids.at(-1)!] : ids;
      return padded ? [...kept, ...Array(context - kept.length).fill(filler)] : kept;
    });
    return { ids, cut, context };
  };
}
