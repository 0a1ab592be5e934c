/**
 * Jupyter notebooks as plain data: reading one, and giving its parameters other values.
 *
 * @module
 */
import { basename, join } from "node:path";
import { entriesIn } from "../../lib/runtime/files.ts";
import { didYouMean } from "../../lib/runtime/nearest.ts";
import { UsageError } from "../commands/arguments.ts";

/** One cell of a notebook, as far as the tools look at it. */
export interface Cell {
  /** "code", "markdown" or "raw". */
  cell_type: string;
  /** The text, as nbformat stores it. */
  source: string | string[];
  /** Tags and whatever editors add. */
  metadata: { tags?: string[]; [key: string]: unknown };
  /** What a run left, in code cells. */
  outputs?: unknown[];
  /** The number of the run, in code cells. */
  execution_count?: number | null;
  /** The cell's name. */
  id?: string;
}

/** A notebook in nbformat 4. */
export interface Notebook {
  /** Its cells, top to bottom. */
  cells: Cell[];
  /** Kernel, language and whatever editors add. */
  metadata: {
    kernelspec?: { name?: string };
    language_info?: { name?: string };
    [key: string]: unknown;
  };
  /** Major version of the format. */
  nbformat: number;
  /** Minor version of the format. */
  nbformat_minor: number;
}

/** The tag of the cell whose constants a run may override. */
export const PARAMETERS_TAG = "parameters";

/** The tag of the cell that overrides them. */
export const INJECTED_TAG = "injected-parameters";

/** A cell's text in one piece. */
export function cellText(cell: Cell): string {
  return typeof cell.source === "string" ? cell.source : cell.source.join("");
}

/**
 * Reads a notebook.
 *
 * @throws {Error} when the file is no notebook
 */
export async function readNotebook(path: string): Promise<Notebook> {
  try {
    const notebook = JSON.parse(await Deno.readTextFile(path));
    if (!Array.isArray(notebook.cells)) throw new Error("it has no cells");
    return notebook;
  } catch (error) {
    throw new Error(`Cannot read notebook ${path}: ${(error as Error).message}`);
  }
}

/** The notebooks of a folder, in the order of their names; none when there is no such folder. */
export async function listNotebooks(directory: string): Promise<string[]> {
  const entries = await entriesIn(directory);
  return entries.filter(({ isFile, name }) => isFile && name.endsWith(".ipynb"))
    .map(({ name }) => join(directory, name)).sort();
}

/** A notebook's name: its file name without folder and ending. */
export function notebookName(path: string): string {
  return basename(path, ".ipynb");
}

/**
 * The constants that a notebook's parameters cell declares. The cell is simple by convention: one
 * `const name = value;` each, at the start of a line.
 *
 * @returns by name the text of each one's value, as far as it is plain: text, a number or a word; `[` or `{` where
 * it begins with that; else nothing
 */
export function parametersOf(notebook: Notebook): Map<string, string> {
  const cells = notebook.cells.filter((cell) => cell.metadata.tags?.includes(PARAMETERS_TAG));
  const declaration = /^(?:const|let|var)\s+([A-Za-z_$][\w$]*)(.*)$/gm;
  const plain = /^[^=]*=\s*([[{]|("(?:[^"\\]|\\.)*"|[-+\w.]+)(?=\s*(?:as\b|;|$)))/;
  return new Map(
    cells.flatMap((cell) =>
      [...cellText(cell).matchAll(declaration)]
        .map(([, name, rest]) => [name, plain.exec(rest)?.[1] ?? ""])
    ),
  );
}

/** Names of {@linkcode parametersOf}. */
export function parameterNames(notebook: Notebook): string[] {
  return [...parametersOf(notebook).keys()];
}

/** What kind of value a text of TypeScript is, where that is plain to see. */
function kindOfText(text: string): string | undefined {
  if (text === "[") return "a list";
  if (text === "{") return "an object";
  try {
    return kindOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** What kind of value something is; nothing of `null`, in whose place anything may come. */
function kindOf(value: unknown): string | undefined {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number") return Number.isFinite(value) ? "a number" : "infinite";
  if (typeof value === "string") return "text";
  if (typeof value === "boolean") return "true or false";
  return typeof value === "object" && value !== null ? "an object" : undefined;
}

/**
 * Refuses a value of another kind than the one that a parameter is declared with.
 *
 * @param text the declared value, as {@linkcode parametersOf} gives it
 * @param name of the parameter
 * @param value the new one
 * @throws {UsageError} saying what it must be
 */
export function checkParameter(text: string, name: string, value: unknown): void {
  const declared = kindOfText(text);
  if (declared === undefined || declared === kindOf(value)) return;
  const got = typeof value === "number" ? String(value) : JSON.stringify(value);
  const shown = text.length > 1 || /\d/.test(text) ? `, such as ${text}` : "";
  throw new UsageError(`Cannot set ${name}: it must be ${declared}${shown}, got ${got}`);
}

/**
 * A copy of the notebook with a cell right after its parameters that declares some of them anew (the
 * kernel allows that). The notebook itself stays as it is.
 *
 * @param notebook the source
 * @param values new values; each must be a parameter of the notebook
 * @throws {UsageError} when the notebook has no such parameter, or one of another kind
 */
export function injectParameters(notebook: Notebook, values: Record<string, unknown>): Notebook {
  const copy = structuredClone(notebook);
  const parameters = parametersOf(notebook);
  for (const [name, value] of Object.entries(values)) {
    const text = parameters.get(name);
    if (text === undefined) {
      const known = didYouMean(name, [...parameters.keys()]);
      throw new UsageError(`Cannot set ${name}: the notebook has no such parameter${known}`);
    }
    checkParameter(text, name, value);
  }
  if (Object.keys(values).length === 0) return copy;
  const declarations = Object.entries(values)
    .map(([name, value]) => `const ${name} = ${JSON.stringify(value)};`);
  const at = copy.cells.findLastIndex((cell) => cell.metadata.tags?.includes(PARAMETERS_TAG));
  copy.cells.splice(at + 1, 0, {
    cell_type: "code",
    id: INJECTED_TAG,
    metadata: { tags: [INJECTED_TAG] },
    source: ["// Set on the command line.", ...declarations].join("\n"),
    outputs: [],
    execution_count: null,
  });
  return copy;
}
