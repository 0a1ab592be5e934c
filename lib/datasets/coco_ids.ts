/**
 * Ids of COCO-format annotations: numbers, or text, or one in one list and the other in another.
 *
 * @module
 */

/**
 * What a value is as an id: a number that is exact, or text that is not empty; `undefined` for anything else. Two
 * numbers beyond 2^53 may be one after rounding, so they are no ids; `parseAnnotations` keeps them as text.
 */
export function idOf(value: unknown): number | string | undefined {
  if (typeof value === "string") return value === "" ? undefined : value;
  if (typeof value !== "number" || !Number.isFinite(value)) return undefined;
  return Math.abs(value) <= Number.MAX_SAFE_INTEGER ? value : undefined;
}

/** What ids have in common that mean the same number: 1, "1", "01" and "1.0". */
function numberText(id: number | string): string {
  const text = String(id).trim();
  const [, minus, digits] = /^\+?(-?)0*(\d+)(?:\.0*)?$/.exec(text) ?? [];
  return digits === undefined ? text : `${digits === "0" ? "" : minus}${digits}`;
}

/** What was found under an id. */
export type FoundId<T> =
  | { kind: "exact" | "mixed"; value: T }
  | { kind: "ambiguous" | "unknown" | "unusable" };

/** Values by id. An id of the other type is found where only one value can be meant. */
export class IdMap<T> {
  readonly #exact = new Map<number | string, FoundId<T> & { value: T }>();
  #byNumber?: Map<string, T | undefined>;

  /** Whether the very id is there. */
  has(id: number | string): boolean {
    return this.#exact.has(id);
  }

  /** Puts a value under an id, over what was there. */
  set(id: number | string, value: T): void {
    this.#exact.set(id, { kind: "exact", value });
    this.#byNumber = undefined;
  }

  /** Looks a value of a file up: as it is first, then as the number or the text that it might be. */
  find(value: unknown): FoundId<T> {
    const id = idOf(value);
    if (id === undefined) return { kind: "unusable" };
    const exact = this.#exact.get(id);
    if (exact) return exact;
    this.#byNumber ??= this.#groupByNumber();
    const text = numberText(id);
    if (!this.#byNumber.has(text)) return { kind: "unknown" };
    const mixed = this.#byNumber.get(text);
    return mixed === undefined ? { kind: "ambiguous" } : { kind: "mixed", value: mixed };
  }

  /** Values by what their ids mean; `undefined` where that is more than one. */
  #groupByNumber(): Map<string, T | undefined> {
    const groups = new Map<string, T | undefined>();
    for (const [id, { value }] of this.#exact) {
      const text = numberText(id);
      groups.set(text, groups.has(text) && groups.get(text) !== value ? undefined : value);
    }
    return groups;
  }
}
