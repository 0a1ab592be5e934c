/**
 * Writes Unity Perception's SOLO, as `readSolo` reads it.
 *
 * @module
 */
import type { Box } from "../../covers/mod.ts";

const CAMERA = "camera", LABELER = "bounding box";
const BOX_TYPE = "type.unity.com/unity.solo.BoundingBox2DAnnotation";
const CAMERA_TYPE = "type.unity.com/unity.solo.RGBCamera";

/** A frame with one picture. */
export interface SoloFrame {
  /** Number of its sequence; the frame is the first step of it. */
  sequence: number;
  /** Width of the picture in px. */
  width: number;
  /** Height of the picture in px. */
  height: number;
  /** What it shows; `category` is an index into the categories. */
  objects: readonly { category: number; box: Box }[];
  /** SHA-256 of the picture's file, which is kept as a metric. */
  sha256?: string;
}

/** Paths of a sequence's first frame: its picture and its annotations. */
export const soloPaths = (sequence: number): { image: string; frame: string } => ({
  image: `sequence.${sequence}/step0.camera.png`,
  frame: `sequence.${sequence}/step0.frame_data.json`,
});

/**
 * A frame's `frame_data.json`. Labels have the place of their category, from 1 on, as id.
 *
 * @param frame what it shows
 * @param categories names of the classes
 */
export function soloFrame(
  { sequence, width, height, objects, sha256 }: SoloFrame,
  categories: readonly string[],
): string {
  const values = objects.map(({ category, box: { left, top, width, height } }, i) => ({
    instanceId: i + 1,
    labelId: category + 1,
    labelName: categories[category],
    origin: [left, top],
    dimension: [width, height],
  }));
  const metric = { "@type": "type.unity.com/unity.solo.GenericMetric", id: "sha256" };
  return JSON.stringify({
    ...{ frame: sequence, sequence, step: 0 },
    captures: [{
      ...{ "@type": CAMERA_TYPE, id: CAMERA, filename: "step0.camera.png", imageFormat: "Png" },
      dimension: [width, height],
      annotations: [{ "@type": BOX_TYPE, id: LABELER, sensorId: CAMERA, values }],
    }],
    metrics: sha256 === undefined ? [] : [{ ...metric, sensorId: CAMERA, value: sha256 }],
  });
}

/**
 * The files beside the sequences, by name.
 *
 * @param categories names of the classes
 * @param frames how many frames there are, a sequence each
 */
export function soloFiles(categories: readonly string[], frames: number): Record<string, string> {
  const spec = categories.map((name, i) => ({ label_id: i + 1, label_name: name }));
  const contents = {
    "annotation_definitions.json": {
      annotationDefinitions: [{ "@type": BOX_TYPE, id: LABELER, spec }],
    },
    "sensor_definitions.json": {
      sensorDefinitions: [{ "@type": CAMERA_TYPE, id: CAMERA, modality: "camera" }],
    },
    "metric_definitions.json": { metricDefinitions: [] },
    "metadata.json": { totalFrames: frames, totalSequences: frames, sensors: [CAMERA] },
  };
  return Object.fromEntries(
    Object.entries(contents).map(([name, content]) => [name, JSON.stringify(content)]),
  );
}
