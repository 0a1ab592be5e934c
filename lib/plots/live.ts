/**
 * Figures that grow while a cell runs.
 *
 * @module
 */
import { type Broadcast, createDisplay } from "../runtime/display.ts";
import { inNotebook } from "../runtime/interrupt.ts";
import { type EpochRow, lossCurve, type LossCurveOptions } from "./training.ts";

/** Options of {@linkcode liveLossCurve}. */
export interface LiveOptions extends LossCurveOptions {
  /** How messages are sent (default: through the kernel); without a kernel nothing is shown. */
  broadcast?: Broadcast;
}

/** What the curve needs of an epoch. */
export type LiveEpoch = Pick<EpochRow, "epoch" | "loss" | "recall">;

/**
 * A loss curve that is drawn anew after each epoch, under the cell that trains. Outside a notebook it does
 * nothing, so that the same call serves both.
 *
 * @param options of the curve
 * @returns what to hand to `runRetrieval` as `onEpoch`
 *
 * @example
 * ```ts
 * import { liveLossCurve } from "detailclip";
 * const onEpoch = liveLossCurve({ epochs: 10 }); // runRetrieval(config, { onEpoch })
 * await onEpoch("DetailCLIP", { epoch: 1, loss: 0.5, recall: 0.3 });
 * ```
 */
export function liveLossCurve(
  { broadcast, ...options }: LiveOptions = {},
): (method: string, record: LiveEpoch) => Promise<void> {
  if (!broadcast && !inNotebook()) return () => Promise.resolve();
  let rows: EpochRow[] = [];
  const show = createDisplay({ broadcast });
  return (method, { epoch, loss, recall }) => {
    // a method that begins anew is another training of the same name: that of the next data set
    const again = rows.some((row) => row.method === method && row.epoch >= epoch);
    if (again) rows = rows.filter((row) => row.method !== method);
    rows.push({ method, epoch, loss, recall });
    const { svg, alt } = lossCurve(rows, options);
    return show({ "image/svg+xml": svg, "text/plain": alt });
  };
}
