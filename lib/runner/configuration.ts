/**
 * What a notebook runs, beside what was run for the committed results.
 *
 * @module
 */
import { coverName, type CoverSpec } from "../covers/mod.ts";
import type { NamedConfig } from "../report/provenance.ts";
import { jupyterDisplay } from "../runtime/display.ts";

/** A cover with all that it says: names leave out what a verified one promises. */
function nameOf(spec: CoverSpec): string {
  const { scheme: _scheme, k: _k, n: _n, ...rest } = spec as Record<string, unknown>;
  const more = Object.entries(rest).map(([key, value]) => `${key} ${value}`).join(", ");
  return coverName(spec) + (more === "" ? "" : ` (${more})`);
}

/** Leaves of a configuration: paths such as `dataset.images` with their values as text. */
function leavesOf(value: unknown, path = ""): [path: string, text: string][] {
  const at = (key: string) => path === "" ? key : `${path}.${key}`;
  if (value === undefined) return [];
  if (Array.isArray(value)) {
    if (value.length === 0) return [];
    if (value.every((item) => item?.method !== undefined)) {
      const order: [string, string] = [ORDER, value.map(({ method }) => method).join(", ")];
      return [order, ...value.flatMap((item) => leavesOf(item, at(String(item.method))))];
    }
    const covers = value.every((item) => item?.scheme !== undefined);
    return [[path, covers ? value.map(nameOf).join(", ") : JSON.stringify(value)]];
  }
  if (typeof value !== "object" || value === null) return [[path, String(value)]];
  if ("scheme" in value) return [[path, nameOf(value as CoverSpec)]];
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, at(key)));
}

/** The leaf that says in which order methods stand: told where the methods are the same. */
const ORDER = "order of fusions";

/** A difference is told of a whole method where the other side has no such method. */
function withoutAbsent(
  mine: ReadonlyMap<string, string>,
  theirs: ReadonlyMap<string, string>,
): [path: string, mine: string, theirs: string][] {
  const method = (path: string) => /^fusion\..*?(?=\.(?:method|cover|fuser)\b)/.exec(path)?.[0];
  const methods = (leaves: ReadonlyMap<string, string>) => new Set([...leaves.keys()].map(method));
  const [here, there] = [methods(mine), methods(theirs)];
  const lines = new Map<string, [string, string, string]>();
  for (const path of new Set([...mine.keys(), ...theirs.keys()])) {
    const [a, b] = [mine.get(path) ?? "none", theirs.get(path) ?? "none"];
    const whole = method(path);
    if (whole !== undefined && here.has(whole) !== there.has(whole)) {
      const [own, other] = here.has(whole) ? ["added", "none"] : ["none", "there"];
      lines.set(whole, [whole, own, other]);
    } else if (a !== b) lines.set(path, [path, a, b]);
  }
  const same = here.size === there.size && [...here].every((name) => there.has(name));
  if (!same) lines.delete(ORDER);
  return [...lines.values()];
}

/** What a notebook runs; as the last value of a cell it shows itself. */
export class Configuration {
  /** What is run. */
  readonly configs: readonly NamedConfig[];
  /** What differs from the committed run, a line each: `seed: 8 (committed: 7)`; none where nothing does. */
  readonly differences: readonly string[];

  /**
   * Compares configurations by their names.
   *
   * @param configs what is run
   * @param committed what was run for the committed results
   */
  constructor(configs: readonly NamedConfig[], committed: readonly NamedConfig[]) {
    this.configs = configs;
    const lines = new Map<string, string[]>(); // with the names of the configurations that have it
    const note = (line: string, name: string) => lines.set(line, [...lines.get(line) ?? [], name]);
    for (const config of configs) {
      const own = committed.find(({ name }) => name === config.name);
      if (own === undefined) {
        note("is none of the committed ones", config.name);
        continue;
      }
      const [mine, theirs] = [config, own].map((all) => new Map(leavesOf(all)));
      for (const [path, a, b] of withoutAbsent(mine, theirs)) {
        note(`${path}: ${a} (committed: ${b})`, config.name);
      }
    }
    for (const { name } of committed) {
      if (!configs.some((config) => config.name === name)) note("is not run", name);
    }
    this.differences = [...lines].map(([line, names]) =>
      names.length === configs.length && !line.startsWith("is ")
        ? line
        : `${names.join(", ")}: ${line}`
    );
  }

  /** One line. */
  toString(): string {
    const { differences } = this;
    if (differences.length === 0) return "As the committed run.";
    return `Differs from the committed run: ${differences.join("; ")}.`;
  }

  /** How a notebook shows it: the differences, and behind a click all that it says. */
  [jupyterDisplay](): Record<string, string> {
    const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
    const whole = JSON.stringify(
      this.configs.length === 1 ? this.configs[0] : this.configs,
      null,
      2,
    );
    const list = this.differences.map((line) => `<li>${escaped(line)}</li>`).join("");
    const head = list === ""
      ? "<p>As the committed run.</p>"
      : `<p>Differs from the committed run:</p><ul>${list}</ul>`;
    const details = `<details><summary>The whole configuration</summary><pre>${
      escaped(whole)
    }</pre></details>`;
    return { "text/html": head + details, "text/plain": String(this) };
  }
}

/** A configuration, or a member of a series, which has one. */
export type Configured = NamedConfig | { config: NamedConfig };

const configOf = (shown: Configured): NamedConfig => "config" in shown ? shown.config : shown;

/**
 * Shows what a notebook runs, and what of it differs from the committed run.
 *
 * @param run configurations, or members of a series
 * @param committed the same as the experiment has them at the scale of the committed results
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { showConfiguration } from "detailclip";
 * const own = { name: "mine", scale: "quick", seed: 7 };
 * assert.equal(String(showConfiguration([own], [own])), "As the committed run.");
 * const { differences } = showConfiguration([{ ...own, seed: 8 }], [own]);
 * assert.deepEqual(differences, ["seed: 8 (committed: 7)"]);
 * ```
 */
export function showConfiguration<Run extends Configured, Committed extends Configured>(
  run: readonly Run[],
  committed: readonly Committed[],
): Configuration {
  return new Configuration(run.map(configOf), committed.map(configOf));
}
