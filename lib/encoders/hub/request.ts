/**
 * Requests to the model hub: where it is, who asks, and trying again where that helps.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";

/** Tries of a request that a busy server refuses, and of one that does not reach it. */
const TRIES = { busy: 5, unreachable: 3 };
/** Answers that may differ a moment later. */
const TRANSIENT = new Set([408, 429, 500, 502, 503, 504]);
/** The longest pause that a server may ask for (ms); past that the error says so. */
const LONGEST = 120_000;

/** A server that sends nothing for so long is given up (ms). */
const PATIENCE = 60_000;

/** What a pause is made with; tests pass one that takes no time. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<unknown>;

/** Options of a request. */
export interface HubOptions {
  /** Stops it. */
  signal: AbortSignal;
  /** Waits between tries. */
  pause?: Pause;
  /** How long a server may send nothing (ms). */
  patience?: number;
}

/** A transfer that can be gone on with. */
export class Broken extends Error {}

/** Fails where the work takes longer than the patience. */
async function withinPatience<T>(
  work: Promise<T>,
  { patience = PATIENCE }: Pick<HubOptions, "patience">,
  late: () => unknown,
): Promise<T> {
  const waited = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    waited.reject(new Error(`nothing came for ${patience / 1000} s`));
    late();
  }, patience);
  try {
    return await Promise.race([work, waited.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The chunks of an answer.
 *
 * @throws {Broken} when the connection breaks off, or stalls
 */
export async function* chunksOf(
  response: Response,
  options: Pick<HubOptions, "patience">,
): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const { done, value } = await withinPatience(reader.read(), options, () => {})
        .catch((error) => {
          throw new Broken(`broke off: ${error.message}`);
        });
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** A wait that the signal ends. */
export async function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
}

/** An answer of the hub that trying again would not change. */
export class HubError extends Error {
  /** The name by which it is told from other errors. */
  override name = "HubError";

  /** Makes the error; `status` is that of the answer. */
  constructor(message: string, readonly status: number) {
    super(message);
  }
}

/** Where models come from: `HF_ENDPOINT` where that is set, as for the hub's own clients. No slash at its end. */
export function hubEndpoint(): string {
  const endpoint = Deno.env.get("HF_ENDPOINT") || "https://huggingface.co";
  if (!/^https?:\/\/[^/]/.test(endpoint)) {
    throw new Error(`Cannot use the hub: HF_ENDPOINT must be an http(s) address, got ${endpoint}`);
  }
  return endpoint.replace(/\/+$/, "");
}

/** The headers that say who asks. `fetch` drops them where it is sent on to another host, such as a CDN's. */
function authorization(): Record<string, string> {
  const token = Deno.env.get("HF_TOKEN") || Deno.env.get("HUGGING_FACE_HUB_TOKEN");
  return token ? { authorization: `Bearer ${token.trim()}` } : {};
}

/** Milliseconds before the next try: as the server asks, else 1, 2, 4, … s. */
function waitBefore(attempt: number, response?: Response): number {
  const asked = response?.headers.get("retry-after");
  const seconds = asked ? Number(asked) : NaN;
  if (seconds >= 0) return 1000 * seconds;
  const until = asked ? Date.parse(asked) - Date.now() : NaN;
  return until >= 0 ? until : 1000 * 2 ** attempt;
}

/** What an answer that is no success means, in words. */
function reasonOf({ status, statusText, headers, url }: Response, id: string): string {
  const { origin } = new URL(url);
  if (origin !== new URL(hubEndpoint()).origin) {
    return `${status} ${statusText}`.trim() + ` of ${origin}, to which the hub sent on`;
  }
  const asked = "authorization" in authorization()
    ? "asked with the token of the environment"
    : "asked without a token, which HF_TOKEN would give";
  if (status === 401) return `401: ${id} is private, or gated, or not there; ${asked}`;
  if (status === 403) {
    return `403: access to ${id} has to be asked for on ${hubEndpoint()}/${id}; ${asked}`;
  }
  if (status === 404) {
    const code = headers.get("x-error-code");
    return `404: ${id} ${code === "EntryNotFound" ? "has no such file" : "is not there"}`;
  }
  return `${status} ${statusText}`.trim();
}

/**
 * Asks the hub. Where the network fails, or the server is busy, it is tried again with growing pauses.
 *
 * @param address an address of the hub
 * @param id the model that is asked about, for messages
 * @param headers besides the token
 * @returns a successful answer; 416 (nothing of the range is left) counts as one
 * @throws {HubError} when the hub refuses; {@linkcode Error} when it cannot be reached
 */
export async function askHub(
  address: string,
  id: string,
  headers: Record<string, string>,
  { signal, pause = pauseFor, patience }: HubOptions,
): Promise<Response> {
  for (let attempt = 0;; attempt++) {
    signal.throwIfAborted();
    let response: Response | undefined, failure: unknown;
    try {
      const tooLate = new AbortController();
      const answer = fetch(address, {
        signal: AbortSignal.any([signal, tooLate.signal]),
        headers: { ...authorization(), ...headers },
      });
      response = await withinPatience(answer, { patience }, () => tooLate.abort());
    } catch (error) {
      signal.throwIfAborted();
      failure = error;
    }
    if (response && (response.ok || response.status === 416)) return response;
    await response?.body?.cancel();
    const wait = waitBefore(attempt, response);
    const most = response ? TRIES.busy : TRIES.unreachable;
    const last = attempt === most - 1 || wait > LONGEST;
    if (response && (last || !TRANSIENT.has(response.status))) {
      const after = wait > LONGEST ? `, to be asked again in ${Math.ceil(wait / 60_000)} min` : "";
      throw new HubError(
        `Cannot get ${address}: ${reasonOf(response, id)}${after}`,
        response.status,
      );
    }
    if (last) throw unreachable(address, failure);
    await pause(wait, signal);
  }
}

/** What is thrown where there is no answer. */
function unreachable(address: string, cause: unknown): Error {
  const message = (cause as Error).message.replace(/\?[^\s)]*/g, ""); // a CDN's address bears a signature
  return new Error(
    `Cannot reach ${new URL(address).origin} (tried ${TRIES.unreachable} times): ${message}`,
    {
      cause,
    },
  );
}
