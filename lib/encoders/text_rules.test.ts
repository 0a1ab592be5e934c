import assert from "node:assert/strict";
import { lowercased, newRules, textRules } from "./text_rules.ts";

const END = "<|endoftext|>";

Deno.test("each family has its rules", () => {
  const clip = { model_type: "clip", text_config: { max_position_embeddings: 77 } };
  const plain = { context: 77, padded: false, lowercase: false };
  assert.deepEqual(textRules(clip, { pad_token: END, eos_token: { content: END } }), plain);
  assert.deepEqual(textRules({ model_type: "clip" }, {}), plain);
  const mobile = textRules(clip, { pad_token: "!", eos_token: END });
  assert.deepEqual(mobile, { ...plain, padded: true });
  const siglip = { model_type: "siglip" }, padded = { context: 64, padded: true };
  const first = textRules(siglip, { tokenizer_class: "SiglipTokenizer" });
  assert.deepEqual(first, { ...padded, lowercase: false });
  for (const tokenizer_class of ["GemmaTokenizer", "GemmaTokenizerFast", "Siglip2Tokenizer"]) {
    const rules = textRules(siglip, { tokenizer_class });
    assert.deepEqual(rules, { ...padded, lowercase: true });
    assert.deepEqual(newRules(siglip, rules), { lowercase: true });
  }
  assert.equal(textRules({ model_type: "jina_clip" }, {}).padded, false);
  assert.deepEqual(newRules(clip, mobile), { padded: true });
  assert.deepEqual([newRules(clip, plain), newRules(siglip, first)], [{}, {}]);
});

Deno.test("letters are made small one by one, as PyTorch's tokenizers do: no final sigma", () => {
  assert.equal(lowercased("A ΒΟΑΤ ΣΑΣ İ"), "a βοατ σασ i̇");
});
