/**
 * Who hides whom: the exact number of visible pixels of every object while a scene is being laid out, so that
 * a bound on occlusion holds to the pixel and not only for boxes.
 *
 * @module
 */
import type { RgbaImage } from "../../images/rgba.ts";
import { SOLID_ALPHA } from "./sprites.ts";

/** An object that stands in the scene. */
export interface Placed {
  /** Left edge of its box in px. */
  left: number;
  /** Top edge of its box in px. */
  top: number;
  /** Its pixels; its box is as large as they are. */
  object: RgbaImage;
  /** Solid pixels it has. */
  area: number;
  /** Solid pixels of it that nothing nearer hides. */
  visible: number;
}

/** Solid pixels of an object. */
function solidArea(object: RgbaImage): number {
  let area = 0;
  for (let at = 3; at < object.data.length; at += 4) if (object.data[at] >= SOLID_ALPHA) area++;
  return area;
}

/** The objects of a scene in the order in which they were placed, with what each pixel shows. */
export class Occlusion {
  /** The objects, in the order in which they were placed. */
  readonly placed: Placed[] = [];
  #owner: Int16Array; // index of the nearest object at each pixel, or -1
  #size: number;

  /** Starts with an empty scene of `size` x `size` px. */
  constructor(size: number) {
    this.#size = size;
    this.#owner = new Int16Array(size * size).fill(-1);
  }

  /** The row on which an object stands; of two, the one with the larger row is nearer. */
  #base(index: number): number {
    return this.placed[index].top + this.placed[index].object.height;
  }

  /** Calls `visit` for each solid pixel of an object with the index of what is seen there so far. */
  #overlay(
    object: RgbaImage,
    left: number,
    top: number,
    visit: (at: number, owner: number) => void,
  ) {
    for (let y = 0; y < object.height; y++) {
      let at = (top + y) * this.#size + left;
      let from = y * object.width * 4 + 3;
      for (let x = 0; x < object.width; x++, at++, from += 4) {
        if (object.data[from] >= SOLID_ALPHA) visit(at, this.#owner[at]);
      }
    }
  }

  /** Whether an object at this place would leave at least `gap` px between its box and all others. */
  isApart(object: RgbaImage, left: number, top: number, gap: number): boolean {
    return this.placed.every((other) =>
      left >= other.left + other.object.width + gap ||
      other.left >= left + object.width + gap ||
      top >= other.top + other.object.height + gap ||
      other.top >= top + object.height + gap
    );
  }

  /**
   * Places an object if every object, itself included, keeps at least a share of its pixels visible.
   *
   * @param object its pixels (h, w, 4), trimmed
   * @param left left edge in px; the box has to lie inside the scene
   * @param top top edge in px
   * @param minVisible the share of solid pixels that has to stay visible, 0 to 1
   * @returns whether it was placed
   */
  place(object: RgbaImage, left: number, top: number, minVisible: number): boolean {
    const area = solidArea(object), base = top + object.height;
    const lost = new Map<number, number>();
    let hidden = 0;
    if (!this.isApart(object, left, top, 0)) {
      this.#overlay(object, left, top, (_at, owner) => {
        if (owner < 0) return;
        if (this.#base(owner) > base) hidden++;
        else lost.set(owner, (lost.get(owner) ?? 0) + 1);
      });
    }
    if (area - hidden < minVisible * area) return false;
    for (const [index, pixels] of lost) {
      const other = this.placed[index];
      if (other.visible - pixels < minVisible * other.area) return false;
    }
    for (const [index, pixels] of lost) this.placed[index].visible -= pixels;
    const own = this.placed.push({ object, left, top, area, visible: area - hidden }) - 1;
    this.#overlay(object, left, top, (at, owner) => {
      if (owner < 0 || this.#base(owner) <= base) this.#owner[at] = own;
    });
    return true;
  }
}
