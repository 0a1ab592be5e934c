/**
 * Settings that people write, as schemas: what there is, of which type, in which range. What is wrong is said with
 * its path, what was got and what is allowed; an unknown name with the nearest known one.
 *
 * @module
 */
import { z } from "zod";
import { didYouMean } from "./nearest.ts";

/** A schema of every key of T. */
export type Fields<T> = { [K in keyof Required<T>]: z.ZodType<T[K]> };

/**
 * A number that a condition holds for; never NaN nor infinite.
 *
 * @param what for messages: `must be …`
 * @param holds the condition
 */
export function number(what: string, holds: (value: number) => boolean): z.ZodType<number> {
  const error = `must be ${what}`;
  return z.number({ error }).refine(holds, { error });
}

/**
 * A safe integer.
 *
 * @param what for messages: `must be …`
 * @param least the least that is allowed
 * @param most the most that is allowed
 */
export function integer(
  what: string,
  least: number = -Infinity,
  most: number = Infinity,
): z.ZodType<number> {
  const error = `must be ${what}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
}

/** An integer from 1 on. */
export const COUNT: z.ZodType<number> = integer("a positive integer", 1);

/** A number above 0. */
export const POSITIVE: z.ZodType<number> = number("positive", (value) => value > 0);

/** A number from 0 to 1. */
export const SHARE: z.ZodType<number> = number(
  "a share in [0, 1]",
  (value) => value >= 0 && value <= 1,
);

/** true or false. */
export const FLAG: z.ZodType<boolean> = z.boolean({ error: "must be true or false" });

/** Text that is not empty. */
export const TEXT: z.ZodType<string> = z.string({ error: "must be text" })
  .min(1, { error: "must be text that is not empty" });

/** One of some words. */
export function oneOf<const T extends string>(...words: readonly T[]): z.ZodType<T> {
  return z.enum(words, { error: `must be one of ${words.join(", ")}` }) as unknown as z.ZodType<T>;
}

/** A list of such items. */
export function listOf<T>(item: z.ZodType<T>): z.ZodType<T[]> {
  return z.array(item, { error: "must be a list" });
}

/** An object whose keys are names of one's own. */
export function namedBy<T>(item: z.ZodType<T>): z.ZodType<Record<string, T>> {
  return z.record(z.string(), item, { error: "must be an object" });
}

/** An object with these keys and no others. */
export function settings<T>(fields: Fields<T>): z.ZodType<T> {
  return strictObject(fields) as unknown as z.ZodType<T>;
}

function strictObject(fields: Record<string, z.ZodType>): z.ZodObject {
  const known = Object.keys(fields);
  return z.strictObject(fields, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((key) => `is not a setting${didYouMean(key, known)}`).join("\n")
        : "must be an object",
  });
}

/**
 * Objects of several kinds, each with keys of its own.
 *
 * @param key the one that says the kind
 * @param kinds the other keys of each kind
 */
export function kindsOf<T extends object, K extends keyof T & string>(
  key: K,
  kinds: {
    [Kind in T[K] & string]: Fields<Omit<Extract<T, Record<K, Kind>>, K>>;
  },
): z.ZodType<T> {
  const names = Object.keys(kinds);
  const options = Object.entries<Record<string, z.ZodType>>(kinds)
    .map(([name, fields]) => strictObject({ [key]: z.literal(name), ...fields }));
  return z.discriminatedUnion(key, options as never, {
    error: ({ code }) =>
      code === "invalid_union" ? `must be one of ${names.join(", ")}` : "must be an object",
  }) as unknown as z.ZodType<T>;
}

/** `fusion[0].cover.k` from its parts; parts that are no plain names are quoted. */
function pathOf(where: string, parts: readonly PropertyKey[]): string {
  const text = parts.map((part) =>
    typeof part === "number"
      ? `[${part}]`
      : /^[A-Za-z_$][\w$]*$/.test(String(part))
      ? `.${String(part)}`
      : `[${JSON.stringify(String(part))}]`
  ).join("");
  return where === "" ? text.replace(/^\./, "") : `${where}${text}`;
}

/** A value for a message, cut short. */
function shown(value: unknown): string {
  const text = Deno.inspect(value, { breakLength: Infinity, depth: 2, iterableLimit: 4 });
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

/** What is wrong with a value, a sentence a fault. */
function sentences(issue: z.core.$ZodIssue, value: unknown, where: string): string[] {
  if (issue.code === "unrecognized_keys") {
    const ends = issue.message.split("\n");
    return issue.keys.map((key, i) => `${pathOf(where, [...issue.path, key])} ${ends[i]}`);
  }
  const { path, message } = issue;
  const name = pathOf(where, path) || "it";
  const got = path.reduce<unknown>(
    (inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key],
    value,
  );
  if (!message.startsWith("must ")) return [`${name} ${message}`];
  if (got === undefined && path.length > 0) return [`${name} is missing: it ${message}`];
  return [`${name} ${message}, got ${shown(got)}`];
}

/**
 * Refuses settings that a schema does not allow; all that is wrong is said at once.
 *
 * @param schema what is allowed
 * @param value what was given
 * @param attempt what it is for: `Cannot train`
 * @param where what messages call the value itself, in front of its keys
 * @throws {RangeError} naming each wrong setting by its path, with what was got and what is allowed
 */
export function checkSettings<T>(
  schema: z.ZodType<T>,
  value: unknown,
  attempt: string,
  where: string = "",
): asserts value is T {
  const { error } = schema.safeParse(value);
  if (!error) return;
  const faults = error.issues.flatMap((issue) => sentences(issue, value, where));
  throw new RangeError(`${attempt}: ${[...new Set(faults)].join("; ")}`);
}
