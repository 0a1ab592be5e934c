/**
 * What readers of annotation formats share: where they read, and the lists that they fill.
 *
 * @module
 */
import type { AnnotationLists } from "../coco_file.ts";
import type { AnnotationFrame } from "../frames.ts";
import { type Counted, type DatasetReport, note } from "../report.ts";
import { filesBelow } from "./files.ts";
import type { DatasetPlace } from "./place.ts";

/** Reads annotations of one format into lists. */
export type Reader = (
  place: DatasetPlace,
  lists: Lists,
  signal: AbortSignal,
) => Promise<void>;

/** Four numbers as COCO has a box, in px: left, top, width, height. */
export type Bbox = readonly [left: number, top: number, width: number, height: number];

/** An annotation that a reader found. */
export interface FoundObject {
  /** Where it is written, for messages. */
  where: string;
  /** Index of its image, as {@linkcode Lists.addImage} gave it. */
  image: number;
  /** Id of its category in the list of categories; `undefined` where the format has no such class. */
  category: number | string | undefined;
  /** Its box; not of an oriented one. */
  bbox?: Bbox;
  /** Corners of an oriented box, or a polygon: x and y of each, in px. */
  polygon?: readonly number[];
  /** Whether the benchmark of its format ignores it: its image is then no wrong answer for its class, nor a right one. */
  ignored?: boolean;
}

/** The box of a polygon's corners; NaN where one is NaN. */
function enclosing(polygon: readonly number[]): Bbox {
  const [xs, ys] = [0, 1].map((axis) => polygon.filter((_, i) => i % 2 === axis));
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return [left, top, Math.max(...xs) - left, Math.max(...ys) - top];
}

/** Annotations in COCO's words, as they are found, and the report of what is left out. */
export class Lists implements AnnotationLists {
  /** See {@linkcode AnnotationLists}. */
  readonly images: Record<string, unknown>[] = [];
  /** See {@linkcode AnnotationLists}. */
  readonly categories: Record<string, unknown>[] = [];
  /** See {@linkcode AnnotationLists}. */
  readonly annotations: Record<string, unknown>[] = [];
  /** See {@linkcode AnnotationLists}. */
  readonly ignored: Set<Record<string, unknown>> = new Set();

  /**
   * Empty lists.
   *
   * @param report where what is left out is counted
   * @param attempt how error messages begin
   * @param annotationFrame in which frame shares of an image are meant
   */
  constructor(
    readonly report: DatasetReport,
    readonly attempt: string,
    readonly annotationFrame: AnnotationFrame = "upright",
  ) {}

  /** Counts something that is left out. */
  note(key: Counted, what: string): void {
    note(this.report, key, what);
  }

  /** All files below a folder, as `filesBelow` finds them; what it cannot follow or open is counted. */
  async filesBelow(root: string, signal: AbortSignal): Promise<string[]> {
    return await filesBelow(root, signal, (key, path) => this.note(key, path));
  }

  /** An error that ends the reading. */
  error(why: string, cause?: unknown): Error {
    return new Error(`${this.attempt}: ${why}`, { cause });
  }

  /**
   * Adds an image.
   *
   * @param name its path relative to the root, with `/`
   * @param size in px, where it is known
   * @returns its index
   */
  addImage(name: string, size?: { width: number; height: number }): number {
    return this.images.push({ id: this.images.length, file_name: name, ...size }) - 1;
  }

  /** Adds categories by name, with their places as ids. */
  addCategories(names: readonly string[]): void {
    names.forEach((name, id) => this.categories.push({ id, name }));
  }

  /**
   * Adds classes, with their names as ids, and counts annotations of those that are not the format's own.
   *
   * @param own the format's
   * @param found in all parts of the data set
   */
  addClasses(own: readonly string[], found: ReadonlySet<string>): void {
    const classes = classesOf(own, found), known = new Set(own);
    for (const name of classes) this.categories.push({ id: name, name });
    if (classes[0] !== own[0]) return; // another data set in the same format
    for (const { id, category_id: name } of this.annotations) {
      if (!known.has(name as string)) this.note("otherClasses", `${id}: ${name}`);
    }
  }

  /** Adds an annotation. */
  addObject({ where, image, category, bbox, polygon, ignored }: FoundObject): void {
    const annotation = {
      id: where,
      image_id: image,
      category_id: category ?? `none of the format's classes`,
      bbox: bbox ?? (polygon && enclosing(polygon)),
      ...(polygon?.length === 8 && { corners: polygon }),
    };
    this.annotations.push(annotation);
    if (ignored) this.ignored.add(annotation);
  }
}

/** A number as annotations write it; NaN for the words that Python writes; `undefined` for anything else. */
export function numberOf(text: string): number | undefined {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) return Number(text);
  return /^[+-]?(?:nan|inf(?:inity)?)$/i.test(text) ? NaN : undefined;
}

/** Numbers of several texts; `undefined` where one is none. */
export function numbersOf(texts: readonly string[]): number[] | undefined {
  const numbers = texts.map(numberOf);
  return numbers.includes(undefined) ? undefined : numbers as number[];
}

/**
 * The classes that a data set is searched for: its format's own in their order where it has no others, so that all its
 * parts agree; where it has some of them and others, those come after; where it has none of them, what was found.
 *
 * @param own the format's
 * @param found in all parts of the data set
 */
function classesOf(own: readonly string[], found: ReadonlySet<string>): string[] {
  const others = [...found].filter((name) => !own.includes(name)).sort();
  return others.length === found.size && others.length > 0 ? others : [...own, ...others];
}
