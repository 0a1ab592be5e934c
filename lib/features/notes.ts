/**
 * What was done to the pixels of images that their user may want to know: counted, and said in a line each.
 *
 * @module
 */
import type { DatasetImage } from "../datasets/mod.ts";

/** How many images a note is about, and the first of them. */
export type ImageNotes = Map<string, { images: number; first: string }>;

/** A function that counts notes. */
export function countNotes(notes: ImageNotes): (image: DatasetImage, note: string) => void {
  return ({ id }, note) => {
    const found = notes.get(note) ?? { images: 0, first: id };
    found.images++;
    notes.set(note, found);
  };
}

/** A line a note. */
export function notesInWords(notes: ImageNotes): string[] {
  return [...notes].map(([note, { images, first }]) =>
    images === 1 ? `${first}: ${note}` : `${images} images, the first ${first}: ${note}`
  );
}
