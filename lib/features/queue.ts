/**
 * A bounded queue between producers and one consumer.
 *
 * @module
 */

/** Items waiting for a consumer; `push` waits while the queue is full. */
export class BoundedQueue<T> {
  #items: { item: T; weight: number }[] = [];
  #weight = 0;
  #closed = false;
  #failure: { reason: unknown } | undefined;
  #wake: (() => void)[] = [];

  /**
   * @param capacity the queue is full when the weights of its items reach this
   */
  constructor(readonly capacity: number) {}

  /** Waits for the next change of the queue. */
  #changed(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  #notify(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const resolve of waiting) resolve();
  }

  /**
   * Adds an item, after waiting until there is room.
   *
   * @throws the reason given to `fail`
   */
  async push(item: T, weight: number): Promise<void> {
    while (this.#weight >= this.capacity && !this.#failure) await this.#changed();
    if (this.#failure) throw this.#failure.reason;
    this.#items.push({ item, weight });
    this.#weight += weight;
    this.#notify();
  }

  /** Says that nothing more will be pushed. */
  close(): void {
    this.#closed = true;
    this.#notify();
  }

  /** Ends the queue at once: waiting and later calls of both sides throw `reason`. */
  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#notify();
  }

  /** The items in the order in which they were pushed, until the queue is closed and empty. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      if (this.#failure) throw this.#failure.reason;
      const next = this.#items.shift();
      if (next) {
        this.#weight -= next.weight;
        this.#notify();
        yield next.item;
      } else if (this.#closed) {
        return;
      } else {
        await this.#changed();
      }
    }
  }
}
