/**
 * The best of many, without sorting them all.
 *
 * @module
 */

/** Keeps the best items that it is offered; of equal scores, those with the lower number. */
export class TopItems {
  /** A heap whose root is the worst item kept. */
  readonly #items: Uint32Array;
  readonly #scores: Float32Array;
  #size = 0;

  /**
   * Starts with none.
   *
   * @param count how many are kept, a whole number
   */
  constructor(count: number) {
    this.#items = new Uint32Array(count);
    this.#scores = new Float32Array(count);
  }

  /** The score below which nothing is kept any more; -Infinity while there is room. */
  get floor(): number {
    const full = this.#size === this.#items.length;
    return full ? this.#size === 0 ? Infinity : this.#scores[0] : -Infinity;
  }

  /**
   * Keeps an item if it is among the best so far. What is kept does not depend on the order of offers.
   *
   * @param item its number
   * @param score a float32, not NaN
   */
  offer(item: number, score: number): void {
    if (this.#size < this.#items.length) {
      let at = this.#size++;
      for (let parent; at > 0 && this.#isWorse(item, score, parent = (at - 1) >> 1); at = parent) {
        this.#move(parent, at);
      }
      this.#put(at, item, score);
    } else if (this.#size > 0 && !this.#isWorse(item, score, 0)) {
      this.#replaceWorst(item, score);
    }
  }

  /** The items kept, best first. */
  sorted(): { item: number; score: number }[] {
    const found = Array.from(
      this.#items.subarray(0, this.#size),
      (item, at) => ({ item, score: this.#scores[at] }),
    );
    return found.sort((a, b) => a.score === b.score ? a.item - b.item : a.score > b.score ? -1 : 1);
  }

  /** Puts an item where the root is, and brings the worst one up. */
  #replaceWorst(item: number, score: number): void {
    let at = 0;
    while (true) {
      let child = 2 * at + 1;
      if (child >= this.#size) break;
      const other = child + 1;
      if (other < this.#size && this.#isWorse(this.#items[other], this.#scores[other], child)) {
        child = other;
      }
      if (this.#isWorse(item, score, child)) break;
      this.#move(child, at);
      at = child;
    }
    this.#put(at, item, score);
  }

  /** Whether an item is worse than the one at a place. */
  #isWorse(item: number, score: number, at: number): boolean {
    const other = this.#scores[at];
    return score < other || (score === other && item > this.#items[at]);
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#items[from], this.#scores[from]);
  }

  #put(at: number, item: number, score: number): void {
    this.#items[at] = item;
    this.#scores[at] = score;
  }
}
