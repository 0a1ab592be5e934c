/**
 * How a family's text tower wants its texts: what the tokenizer's own files do not say.
 *
 * @module
 */

/** The part of config.json that is read here. */
interface ModelConfig {
  model_type?: string;
  text_config?: { max_position_embeddings?: number };
}

/** The part of tokenizer_config.json that is read here. */
export interface TokenizerConfig {
  tokenizer_class?: string;
  pad_token?: string | { content?: string } | null;
  eos_token?: string | { content?: string } | null;
}

/** What is done to texts before, and to tokens after, the tokenizer. */
export interface TextRules {
  /** Tokens that a text has at most. */
  context: number;
  /** Whether shorter texts are filled up with padding, which the tower was trained to see. */
  padded: boolean;
  /** Whether letters are made small first. */
  lowercase: boolean;
}

/** Tokens of a text where config.json does not say. */
const CONTEXT: Record<string, number> = { clip: 77, siglip: 64, jina_clip: 512 };

/** A token, however it is written. */
function contentOf(token: TokenizerConfig["pad_token"]): string | undefined {
  return (typeof token === "string" ? token : token?.content) ?? undefined;
}

/**
 * The rules of a model's texts.
 *
 * - CLIP's text tower looks only backwards and reads the first end token: no padding. MobileCLIP's looks both ways
 *   and was trained on padding of its own, `!`; what tells it is a padding that is not the end token.
 * - SigLIP's looks both ways and was trained on texts filled up to 64 tokens.
 * - SigLIP 2's was, with Gemma's tokenizer, on small letters; the tokenizer's files do not make them small.
 *
 * @param config the content of config.json
 * @param tokenizer the content of tokenizer_config.json
 */
export function textRules(config: ModelConfig, tokenizer: TokenizerConfig): TextRules {
  const family = config.model_type ?? "", siglip = family === "siglip";
  const padding = contentOf(tokenizer.pad_token), end = contentOf(tokenizer.eos_token);
  return {
    context: config.text_config?.max_position_embeddings ?? CONTEXT[family],
    padded: siglip || (family === "clip" && padding !== undefined && padding !== end),
    lowercase: siglip && /^(Gemma|Siglip2)Tokenizer/.test(tokenizer.tokenizer_class ?? ""),
  };
}

/** The rules that vectors made before there were any did not follow, for the fingerprint. */
export function newRules(config: ModelConfig, rules: TextRules): Partial<TextRules> {
  return {
    ...(rules.padded && config.model_type === "clip" && { padded: true }),
    ...(rules.lowercase && { lowercase: true }),
  };
}

/** A text in small letters, each for itself as the tokenizers of PyTorch's side make them. */
export function lowercased(text: string): string {
  return Array.from(text, (letter) => letter.toLowerCase()).join("");
}
