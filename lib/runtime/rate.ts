/**
 * How fast something goes on, for an estimate of the time that is left.
 *
 * @module
 */

/** The rate is taken over this much of the past (ms). */
const RATE_WINDOW = 20_000;
/** Units that are done within so long of each other (ms) are of one batch. */
const BATCH_GAP = 100;
/** The rate is measured at least so often (ms) where units come one by one. */
const SAMPLE_TIME = 500;

/**
 * Measures how fast units are done, lately. The first batch is none to measure by, as its time has all the loading in
 * it; the rate is taken between ends of batches, as the first unit of a batch waits for all of it.
 */
export class Rate {
  #ends: { time: number; done: number }[] = [];
  #last?: { time: number; done: number };
  #since = 0;

  /** Notes that so many units, of those that had to be done, are done. */
  note(time: number, done: number): void {
    const last = this.#last;
    if (done === 0 || done === last?.done) return;
    this.settle(time);
    if (!last || time - last.time >= BATCH_GAP) this.#since = time; // a batch begins
    this.#last = { time, done };
    if (time - this.#since >= SAMPLE_TIME) this.#push(); // units that come one by one
  }

  /** Takes the last unit for the end of its batch when none has followed for a while. */
  settle(time: number): void {
    if (!this.#last || time - this.#last.time < BATCH_GAP) return;
    if (this.#last !== this.#ends.at(-1)) this.#push();
  }

  #push(): void {
    const last = this.#last!, ends = this.#ends;
    ends.push(last);
    this.#since = last.time;
    const old = ends.findLastIndex(({ time }) => time <= last.time - RATE_WINDOW);
    ends.splice(0, Math.min(old, ends.length - 2));
  }

  /** Units a second; 0 while not known. */
  get perSecond(): number {
    const first = this.#ends[0], last = this.#ends.at(-1);
    if (!first || !last || last.time === first.time) return 0;
    return 1000 * (last.done - first.done) / (last.time - first.time);
  }

  /** When a unit was done last (ms), if any was. */
  get lastTime(): number | undefined {
    return this.#last?.time;
  }
}
