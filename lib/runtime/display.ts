/**
 * Output of a notebook cell that can be changed while the cell runs: a bar that moves, a curve that grows.
 *
 * @module
 */

/** Sends a message to the notebook's front end. */
export type Broadcast = (type: string, content: Record<string, unknown>) => Promise<void>;

/** Options of {@linkcode createDisplay}. */
export interface DisplayOptions {
  /** The display to use, so that several writers share one; a new one unless told. */
  displayId?: string;
  /** How messages are sent (default: through the kernel that this code runs in). */
  broadcast?: Broadcast;
}

/** Sends a message through the kernel that this code runs in. */
async function broadcastToKernel(type: string, content: Record<string, unknown>): Promise<void> {
  const { jupyter } = Deno as unknown as { jupyter: { broadcast: Broadcast } };
  await jupyter.broadcast(type, content);
}

/** Displays that the notebook's front end has: further states update them. */
const displayed = new Set<string>();

/**
 * Makes a display under the running cell.
 *
 * @param options which display, and how to reach it
 * @returns a function that shows data, by MIME type; messages keep their order, and a lost one harms nothing
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createDisplay } from "detailclip/runtime";
 * const sent: string[] = [];
 * const show = createDisplay({ broadcast: async (type) => void sent.push(type) });
 * await show({ "text/plain": "one" });
 * await show({ "text/plain": "two" });
 * assert.deepEqual(sent, ["display_data", "update_display_data"]);
 * ```
 */
export function createDisplay(
  { displayId = crypto.randomUUID(), broadcast = broadcastToKernel }: DisplayOptions = {},
): (data: Record<string, string>) => Promise<void> {
  let last = Promise.resolve(); // messages keep their order, and the display exists before updates
  return (data) => {
    const content = { data, metadata: {}, transient: { display_id: displayId } };
    const kind = displayed.has(displayId) ? "update_display_data" : "display_data";
    displayed.add(displayId);
    last = last.then(() => broadcast(kind, content)).catch(() => {});
    return last;
  };
}

/** The method by which a notebook asks a value how it is shown. */
export const jupyterDisplay: unique symbol = Symbol.for("Jupyter.display") as never;

/** Text that a notebook shows as Markdown when it is the last value of a cell. */
export class MarkdownText {
  readonly #text: string;

  /** Wraps Markdown. */
  constructor(text: string) {
    this.#text = text;
  }

  /** How a notebook shows it. */
  [jupyterDisplay](): Record<string, string> {
    return { "text/markdown": this.#text, "text/plain": this.#text };
  }

  /** The text as it was written. */
  toString(): string {
    return this.#text;
  }
}

/**
 * Markdown under a cell: how a notebook says what a run found, with the numbers of that run.
 *
 * @param lines paragraphs, list items or rows of a table, one each
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { markdown } from "detailclip";
 * assert.equal(String(markdown("a", "b")), "a\nb");
 * ```
 */
export function markdown(...lines: string[]): MarkdownText {
  return new MarkdownText(lines.join("\n"));
}
