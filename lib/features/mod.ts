/**
 * Features: extracted once, kept on disk, read back by image.
 *
 * @module
 */
export { extractFeatures } from "./extract.ts";
export { openFeatures, type OpenFeaturesOptions } from "./open.ts";
export type { ExtractEvent, ExtractOptions, ExtractProgress } from "./options.ts";
export type { BatchLimits } from "./batch.ts";
export type { Verify } from "./cache.ts";
export {
  FEATURE_VERSION,
  type FeatureKey,
  featureKey,
  featureKeyName,
  type FeatureKeyParts,
  keyIdentity,
} from "./key.ts";
export { describeLedger, type LedgerEntry } from "./ledger.ts";
export { decodeShard, encodeShard, type ImageRows, type ShardColumns } from "./shard.ts";
export { digestFeatures, type FeatureStore, type ImageFeatures } from "./store.ts";
