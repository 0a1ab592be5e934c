/**
 * Data sets: annotations in every common format, plain folders, and the CLEVR-DS recipe.
 *
 * @module
 */
export {
  type Corners,
  type Dataset,
  type DatasetImage,
  type DatasetObject,
  drawImages,
  filterImages,
  firstImages,
  placedObjects,
  type Point,
} from "./dataset.ts";
export { type DatasetReport, type Described, describeDataset, describeFrames } from "./report.ts";
export { loadCoco, type LoadCocoOptions } from "./coco.ts";
export type { AnnotationFrame } from "./frames.ts";
export { loadDataset } from "./readers/load.ts";
export { isAbsoluteName, locateDataset } from "./readers/locate.ts";
export * from "./readers/place.ts";
export { loadFolder } from "./folder.ts";
export { type CocoCopy, cocoCopy } from "./coco_copy.ts";
export {
  type Left,
  leftText,
  type PhotoList,
  type Picked,
  type PickOptions,
  pickPhotos,
} from "./pick.ts";
export {
  type RemoteObject,
  type RemoteScene,
  remoteScene,
  type RemoteSceneConfig,
} from "./remote_scene/generate.ts";
export { sceneTiles } from "./scene_tiles.ts";
export { type JudgedImage, type JudgementCounts, unjudgedClasses } from "./judged.ts";
export * from "./statistics.ts";
export {
  generateClevrDs,
  type GeneratedDataset,
  type GenerateOptions,
} from "./clevr_ds/generate.ts";
export { dotaLabels } from "./writers/dota.ts";
export { cocoText } from "./writers/coco.ts";
export {
  generateRetail,
  RETAIL_IMAGES,
  type RetailOptions,
  type RetailRecipe,
} from "./retail/generate.ts";
export { type SplitName, SPLITS } from "./clevr_ds/annotations.ts";
export { type ClevrDsClasses, clevrDsClasses } from "./clevr_ds/classes.ts";
export { CLEVR_DS_VARIANTS, type ClevrDsVariant, MEAN_OBJECTS } from "./clevr_ds/recipe.ts";
export { loadSprite, SPRITE_FAMILIES, type SpriteFamily } from "./clevr_ds/sprites.ts";
