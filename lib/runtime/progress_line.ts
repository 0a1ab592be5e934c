/**
 * The text of a progress line: count, rate and time left in 80 columns, with a bar where there is room.
 *
 * @module
 */

/** The state of an operation, as it is shown. */
export interface ProgressState {
  /** What is being done. */
  label: string;
  /** Units done. */
  done: number;
  /** Units there are; undefined for a step without units. */
  total?: number;
  /** What is counted. */
  unit: string;
  /** Units that were found done. */
  cached?: number;
  /** Units a second, lately (overall once finished); 0 when not known yet. */
  rate: number;
  /** Seconds since the last unit was done (default 0): they count as time that has passed of what was left. */
  idle?: number;
  /** Seconds since the start. */
  elapsed: number;
  /** Whether it has ended. */
  finished: boolean;
  /** Whether an error or an interrupt ended it. */
  stopped?: boolean;
  /** What was known of a step before it began. */
  about?: string;
  /** Anything else worth knowing. */
  note?: string;
}

/** The width of a line: what every terminal has. */
export const COLUMNS = 80;
const BAR_CELLS = [20, 10, 0];

/** Seconds as people say them: `8 s`, `3 min 05 s`, `2 h 07 min`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number) => String(value).padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

function formatRate(rate: number): string {
  if (rate < 10) return `${rate.toFixed(2)}/s`;
  return `${rate.toFixed(rate < 1000 ? 1 : 0)}/s`;
}

/** What a line says after its label; a part that is not the first may be left out for want of room. */
function partsOf(state: ProgressState, { share }: { share: boolean }): string[] {
  const { done, total, unit, cached = 0, rate, idle = 0, elapsed, finished, stopped, about } =
    state;
  const note = state.note?.split(", ") ?? [];
  if (finished && stopped) return [`stopped after ${formatSeconds(elapsed)}`, ...note];
  if (total === undefined) {
    if (finished) return [`done in ${formatSeconds(elapsed)}`, ...note];
    const begun = elapsed >= 0.5 ? formatSeconds(elapsed) : undefined;
    return [[begun, about].filter(Boolean).join(" of ") || "…", ...note];
  }
  if (finished && cached > 0 && cached === total) return [`${total} ${unit}, cached`];
  const percent = share && total > 0 ? ` (${Math.floor(100 * done / total)} %)` : "";
  const count = `${done}/${total} ${unit}${percent}`;
  const speed = rate > 0 ? [formatRate(rate)] : [];
  const time = finished
    ? `in ${formatSeconds(elapsed)}`
    : rate > 0
    ? `${formatSeconds((total - done) / rate - idle)} left`
    : `for ${formatSeconds(elapsed)}`;
  return [[count, ...speed, time].join(", "), ...note];
}

const widthOf = (text: string) => [...text].length;

/**
 * The numbers of a progress line. Where they do not fit, notes are left out from the last one on, then the percentage,
 * then the end of the label; count, rate and time stay.
 *
 * @param state what to tell
 * @param columns the most characters
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { formatProgress } from "detailclip/runtime";
 * const line = formatProgress({
 *   label: "cc@10", done: 50, total: 200, unit: "images", rate: 10, elapsed: 5, finished: false,
 * });
 * assert(line === "cc@10: 50/200 images (25 %), 10.0/s, 15 s left");
 * ```
 */
export function formatProgress(state: ProgressState, columns: number = COLUMNS): string {
  const { label } = state, parts = partsOf(state, { share: true });
  for (let count = parts.length; count > 0; count--) {
    const line = `${label}: ${parts.slice(0, count).join(", ")}`;
    if (widthOf(line) <= columns) return line;
  }
  const [numbers] = partsOf(state, { share: false });
  const room = Math.max(1, columns - widthOf(numbers) - 2);
  const cut = widthOf(label) <= room ? label : `${[...label].slice(0, room - 1).join("")}…`;
  return [...`${cut}: ${numbers}`].slice(0, columns).join("");
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** The same for a notebook: a bar and the line, which has room. */
export function renderHtml(state: ProgressState): string {
  const { done, total, finished } = state;
  const value = total === undefined ? (finished ? ' value="1"' : "") : ` value="${done}"`;
  return `<div style="display:flex;gap:.75em;align-items:center">` +
    `<progress${value} max="${Math.max(1, total ?? 1)}" style="width:16em"></progress>` +
    `<span>${escapeHtml(formatProgress(state, Infinity))}</span></div>`;
}

/** The same for a terminal, with the longest bar that leaves room for all: a line that wraps cannot be rewritten. */
export function renderLine(state: ProgressState, columns: number): string {
  const { done, total, cached = 0, finished } = state;
  const text = formatProgress(state, Infinity);
  if (total === undefined || (finished && cached > 0 && cached === total)) {
    return formatProgress(state, columns);
  }
  const cells = BAR_CELLS.find((cells) => cells + 1 + widthOf(text) <= columns) ?? 0;
  if (cells === 0) return formatProgress(state, columns);
  const full = Math.floor((total > 0 ? Math.min(1, done / total) : 1) * cells);
  return `${"█".repeat(full)}${"░".repeat(cells - full)} ${text}`;
}
