/**
 * Sliders under a notebook cell: whoever moves one sees another figure at once.
 *
 * The kernel closes every comm that a page opens, so the page asks a small HTTP server in the kernel for each
 * figure. Where none answers (an exported page, a kernel that is remote or was started anew) the slider has the figures that
 * were drawn ahead, and says so; where no script may run they stand below each other.
 *
 * @module
 */
import { jupyterDisplay } from "../runtime/display.ts";
import { checkpoint } from "../runtime/interrupt.ts";
import { didYouMean } from "../runtime/nearest.ts";
import { showStep } from "../runtime/progress.ts";
import { Figure } from "./figure.ts";
import { SLIDER_SCRIPT } from "./slider_script.ts";
import { element, escapeXml, svgUri } from "./svg.ts";

/** What can be chosen: values by name, in the order of the slider; a slider each. */
export type Choices = Readonly<Record<string, readonly (string | number)[]>>;

/** One value of each choice. */
export type Position<C extends Choices> = { -readonly [Name in keyof C]: C[Name][number] };

/** Options of {@linkcode slider}. */
export interface SliderOptions<C extends Choices> {
  /** Where it stands at first; at the first value of each choice unless told. */
  at?: Partial<Position<C>>;
  /** How many figures are drawn ahead along each choice, for pages that cannot ask; 5 by default. */
  ahead?: number;
}

/** Draws the figure of a position, given as an index into each choice. */
type Draw = (indices: readonly number[]) => Promise<Figure>;

/** Sliders that pages may ask for, by token, oldest first. */
const asked = new Map<string, { sizes: number[]; draw: Draw }>();

/** A cell that runs again makes a new slider: the data of old ones are let go. */
const MOST_SLIDERS = 32;

/** The one server of this process. */
let server: Deno.HttpServer<Deno.NetAddr> | undefined;

/** Anyone may read an answer who knows the token: the page has another origin than the kernel. */
const HEADERS = { "access-control-allow-origin": "*", "cache-control": "no-store" };

async function answer(request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  const found = asked.get(pathname.slice(1));
  if (!found) return new Response("there is no such slider", { status: 404, headers: HEADERS });
  const indices = (searchParams.get("at") ?? "").split(",").map(Number);
  const there = indices.length === found.sizes.length &&
    indices.every((i, n) => Number.isInteger(i) && i >= 0 && i < found.sizes[n]);
  if (!there) return new Response("there is no such position", { status: 400, headers: HEADERS });
  try {
    const { svg } = await found.draw(indices);
    return new Response(svg, { headers: { ...HEADERS, "content-type": "image/svg+xml" } });
  } catch (error) {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return new Response(text, { status: 500, headers: HEADERS });
  }
}

function serverPort(): number {
  if (!server) {
    server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, answer);
    server.unref(); // a process ends although pages might ask
  }
  return server.addr.port;
}

/** Sliders and their figure. As the last value of a notebook cell they appear under it. */
export class Slider implements AsyncDisposable {
  /** What a notebook shows. */
  readonly html: string;
  readonly #token: string;
  readonly #alt: string;

  /** Wraps what {@linkcode slider} made. */
  constructor(html: string, token: string, alt: string) {
    this.html = html;
    this.#token = token;
    this.#alt = alt;
  }

  /** How a notebook shows it. */
  [jupyterDisplay](): Record<string, string> {
    return { "text/html": this.html, "text/plain": this.#alt };
  }

  /** Answers no more; pages keep what was drawn ahead. The last one ends the server. */
  async [Symbol.asyncDispose](): Promise<void> {
    asked.delete(this.#token);
    if (asked.size > 0) return;
    const last = server;
    server = undefined;
    await last?.shutdown();
  }
}

/** So many indices of a list, evenly spread, with both ends. */
function spread(size: number, count: number): number[] {
  const most = Math.min(size, Math.max(2, count));
  return Array.from({ length: most }, (_, i) => Math.round(i * (size - 1) / Math.max(1, most - 1)));
}

/** Positions to draw ahead: the first, and along each choice some others. */
function positionsAhead(first: readonly number[], sizes: readonly number[], count: number) {
  const all = [first];
  sizes.forEach((size, n) => {
    for (const i of spread(size, count)) if (i !== first[n]) all.push(first.with(n, i));
  });
  return all;
}

/** One slider: its name, the slider itself and the value it stands at. */
function control(name: string, values: readonly (string | number)[], at: number): string {
  const input = element("input", {
    type: "range",
    min: 0,
    max: values.length - 1,
    step: 1,
    value: at,
    style: "vertical-align: middle; width: 14em; max-width: 60%",
    "data-lm-suppress-shortcuts": "", // else JupyterLab takes the arrow keys
  });
  const output = element(
    "output",
    { style: "display: inline-block; min-width: 3em; font-variant-numeric: tabular-nums" },
    escapeXml(String(values[at])),
  );
  const style = "display: inline-block; margin-right: 1.5em";
  return element("label", { style }, `${escapeXml(name)} ${input} ${output}`);
}

/** A figure that was drawn ahead; what is seen of it where no script runs. */
function pictureOf(
  { svg, alt }: Figure,
  { caption, at, open }: { caption: string; at: string; open: boolean },
): string {
  const style = "max-width: 100%; height: auto";
  const image = element("img", { src: svgUri(svg), alt, style });
  const summary = element("summary", {}, escapeXml(caption));
  return element("details", { "data-at": at, open: open ? "" : undefined }, summary + image);
}

/** The sliders, which the script brings to light, above the pictures. */
function pageOf(id: string, controls: readonly string[], pictures: readonly string[]): string {
  const line = [...controls, '<small role="status"></small>'].join("");
  return element(
    "div",
    { id },
    [element("p", { style: "display: none" }, line), ...pictures].join("\n"),
  );
}

/** Refuses a choice that there is not, and too few figures. */
function checkOptions(names: readonly string[], at: object, ahead: number): void {
  const odd = Object.keys(at).find((name) => !names.includes(name));
  if (odd !== undefined) {
    throw new RangeError(
      `Cannot make slider: there is no ${odd} to stand at${didYouMean(odd, names)}`,
    );
  }
  if (Number.isInteger(ahead) && ahead >= 1) return;
  throw new RangeError(`Cannot make slider: ahead must be a positive integer, got ${ahead}`);
}

/** Where a slider stands at first: at a value of its choice, the first one unless told. */
function indexIn<T>(name: string, values: readonly T[], at?: T): number {
  if (values.length === 0) throw new RangeError(`Cannot make slider: ${name} has no values`);
  const value = at ?? values[0], index = values.indexOf(value);
  if (index >= 0) return index;
  throw new RangeError(
    `Cannot make slider: ${name} cannot be at ${value}, only at ${values.join(", ")}`,
  );
}

/**
 * Sliders that redraw a figure as they move. It has to be awaited: the figures that are drawn ahead take their time.
 *
 * @param choices the values that each may have; a slider each
 * @param draw the figure of a position; it runs in the kernel, also while another cell waits
 * @param options where it stands at first, and how much is drawn ahead
 * @returns what shows itself as the last value of a cell
 * @throws {RangeError} when a choice has no values, or `at` is none of them
 *
 * @example
 * ```ts ignore
 * await slider({ k: [2, 5, 10] }, ({ k }) => coverFigure(picture, completeCover(480, 480, k)), { at: { k: 5 } });
 * ```
 */
export async function slider<const C extends Choices>(
  choices: C,
  draw: (position: Position<C>) => Figure | Promise<Figure>,
  { at = {}, ahead = 5 }: SliderOptions<C> = {},
): Promise<Slider> {
  const names = Object.keys(choices), lists = Object.values(choices);
  checkOptions(names, at, ahead);
  const first = names.map((name, n) => indexIn(name, lists[n], at[name]));
  const valuesAt = (indices: readonly number[]) => indices.map((i, n) => lists[n][i]);
  const caption = (indices: readonly number[]) =>
    valuesAt(indices).map((value, n) => `${names[n]} = ${value}`).join(", ");
  const drawAt: Draw = async (indices) => {
    const position = Object.fromEntries(valuesAt(indices).map((value, n) => [names[n], value]));
    const figure = await draw(position as Position<C>);
    if (figure instanceof Figure) return figure;
    throw new TypeError(`Cannot show slider: draw returned no Figure at ${caption(indices)}`);
  };

  const sizes = lists.map(({ length }) => length), pictures: string[] = [];
  const positions = positionsAhead(first, sizes, ahead);
  let alt = "";
  const addPicture = async (indices: readonly number[]) => {
    const figure = await drawAt(indices).catch((error) => {
      if (pictures.length === 0) throw error; // elsewhere the page says it when it comes there
    });
    if (!figure) return;
    alt ||= figure.alt;
    pictures.push(pictureOf(figure, {
      caption: caption(indices),
      at: indices.join(),
      open: pictures.length === 0,
    }));
  };
  await showStep("Draw ahead", async (progress) => {
    for (const [done, indices] of positions.entries()) {
      progress.update(done);
      await checkpoint(); // figures are drawn without waiting for anything
      await addPicture(indices);
    }
  }, { total: positions.length, unit: "figures", leaves: "never" });
  const token = crypto.randomUUID();
  asked.set(token, { sizes, draw: drawAt });
  for (const old of [...asked.keys()].slice(0, -MOST_SLIDERS)) asked.delete(old);
  const controls = names.map((name, n) => control(name, lists[n], first[n]));
  const html = pageOf(`slider-${token}`, controls, pictures);
  const settings = { token, port: serverPort(), names, lists };
  const json = JSON.stringify(settings).replaceAll("<", "\\u003c");
  return new Slider(`${html}\n<script>(${SLIDER_SCRIPT})(${json})</script>`, token, alt);
}
