/**
 * A server that behaves like the model hub, for tests: an API, redirects to a CDN on another host, ranges, faults.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "../../runtime/files.ts";

/** The commit of every model here. */
export const REVISION = "0123456789abcdef0123456789abcdef01234567";

/** The model that it has. */
const MODEL = "someone/random-clip";

/** One request that the server got. */
export interface SeenRequest {
  /** Which of its two hosts. */
  host: "hub" | "cdn";
  /** Path, without the query. */
  path: string;
  /** The header of that name. */
  authorization: string | null;
  /** The header of that name. */
  range: string | null;
}

/** What a {@linkcode withHub} serves, and how it misbehaves. */
export interface HubBehaviour {
  /** A folder whose files are the model `someone/random-clip`. */
  folder?: string;
  /** More files, by path, or others in their place. */
  files?: Record<string, Uint8Array<ArrayBuffer>>;
  /** The card of the model. */
  cardData?: Record<string, unknown>;
  /** The token without which the answer is 401. */
  token?: string;
  /** Statuses that are answered first to requests of either host whose path has the given ending. */
  refuses?: { ending: string; statuses: number[]; retryAfter?: string };
  /** Transfers of the large file whose path has this ending: what is sent for each in turn, before they break or hang. */
  cuts?: { ending: string; after: number[]; hangs?: boolean };
  /** What the CDN sends in place of a file's content. */
  replaces?: Record<string, Uint8Array<ArrayBuffer>>;
  /** Whether the CDN cannot be reached. */
  cdnIsDown?: boolean;
  /** Whether answers of the CDN do not say how long they are. */
  unsized?: boolean;
  /** What the API answers in place of what it knows of the model. */
  answers?: () => Response | Promise<Response>;
  /** Whether the CDN knows no ranges. */
  ignoresRanges?: boolean;
}

/** Files of at least so many bytes are on the CDN, as with the hub's LFS. */
const LARGE = 50_000;

async function filesOf({ folder, files }: HubBehaviour) {
  const all = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const path of folder ? await readdir(folder, { recursive: true }) : []) {
    if ((await stat(join(folder!, path))).isFile()) {
      all.set(path, new Uint8Array(await readFile(join(folder!, path))));
    }
  }
  for (const [path, content] of Object.entries(files ?? {})) all.set(path, content);
  return all;
}

/** The API's entry of a file. */
function siblingOf([rfilename, content]: [string, Uint8Array<ArrayBuffer>]) {
  const size = content.length;
  const blobId = createHash("sha1").update(`blob ${size}\0`).update(content).digest("hex");
  if (size < LARGE) return { rfilename, size, blobId };
  const pointer = "f".repeat(40); // Git's name of the pointer, not of the content
  return {
    rfilename,
    size,
    blobId: pointer,
    lfs: { sha256: sha256(content), size, pointerSize: 134 },
  };
}

/** Sends part of a content and breaks off, a moment later, so that this part arrives; or sends nothing more; or all. */
function broken(
  content: Uint8Array<ArrayBuffer>,
  after: number | undefined,
  hangs: boolean,
): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      if (after === undefined) {
        controller.enqueue(content);
        return controller.close();
      }
      if (after > 0) controller.enqueue(content.subarray(0, after));
      if (!hangs) setTimeout(() => controller.error(new Error("cut")), 50);
    },
  });
}

/** Answers with a content, or the part of it that is asked for. */
function contentResponse(
  { headers }: Request,
  content: Uint8Array<ArrayBuffer>,
  { ignoresRanges, unsized, after, hangs = false }: {
    ignoresRanges?: boolean;
    unsized?: boolean;
    after?: number;
    hangs?: boolean;
  },
): Response {
  const total = content.length;
  const [, from] = ignoresRanges ? [] : /^bytes=(\d+)-$/.exec(headers.get("range") ?? "") ?? [];
  const start = Number(from ?? 0);
  if (from !== undefined && start >= total) {
    return new Response(null, { status: 416, headers: { "content-range": `bytes */${total}` } });
  }
  const body = content.subarray(start);
  const stream = after !== undefined || unsized;
  return new Response(stream ? broken(body, after, hangs) : body, {
    status: from === undefined ? 200 : 206,
    headers: {
      ...(!unsized && { "content-length": String(body.length) }),
      ...(from !== undefined && { "content-range": `bytes ${start}-${total - 1}/${total}` }),
    },
  });
}

/** What the hub answers to one that may ask. */
function hubResponse(
  request: Request,
  files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
  { cardData, replaces, answers, cdn }:
    & Pick<HubBehaviour, "cardData" | "replaces" | "answers">
    & { cdn: string },
): Response | Promise<Response> {
  const { pathname } = new URL(request.url), api = `/api/models/${MODEL}/revision/`;
  if ([`${api}main`, `${api}${REVISION}`].includes(pathname)) {
    if (answers) return answers();
    const siblings = [...files].map(siblingOf);
    return Response.json({ id: MODEL, sha: REVISION, tags: ["license:mit"], cardData, siblings });
  }
  const cached = "/api/resolve-cache/";
  const path = pathname.replace(`/${MODEL}/resolve/${REVISION}/`, "").replace(cached, "");
  const content = files.get(path);
  if (content === undefined) {
    return new Response(null, { status: 404, headers: { "x-error-code": "RepoNotFound" } });
  }
  if (pathname.startsWith(cached)) {
    return contentResponse(request, replaces?.[path] ?? content, {});
  }
  const small = content.length < LARGE;
  const location = small
    ? `${cached}${path}`
    : `${cdn}/${encodeURIComponent(path)}?signature=secret`;
  return new Response(null, { status: small ? 307 : 302, headers: { location } });
}

/** Answers, but first notes the request and refuses what is to be refused. */
function guard(
  host: SeenRequest["host"],
  { refuses, token }: HubBehaviour,
  requests: SeenRequest[],
  answer: (request: Request) => Response | Promise<Response>,
): (request: Request) => Response | Promise<Response> {
  return (request) => {
    const { url, headers } = request, path = new URL(url).pathname;
    const authorization = headers.get("authorization");
    requests.push({ host, path, authorization, range: headers.get("range") });
    if (refuses && path.endsWith(refuses.ending) && refuses.statuses.length > 0) {
      const after = refuses.retryAfter, status = refuses.statuses.shift();
      return new Response(null, { status, headers: after ? { "retry-after": after } : {} });
    }
    if (host === "hub" && token && authorization !== `Bearer ${token}`) {
      return new Response(null, { status: 401, headers: { "x-error-code": "RepoNotFound" } });
    }
    return answer(request);
  };
}

/**
 * Runs a test with a hub that has the model `someone/random-clip`; `HF_ENDPOINT` names it meanwhile.
 *
 * @param behaviour what it has, and how it misbehaves; its lists are used up
 * @param test gets the requests, as they come
 */
export async function withHub(
  behaviour: HubBehaviour,
  test: (requests: SeenRequest[]) => Promise<void>,
): Promise<void> {
  const requests: SeenRequest[] = [], files = await filesOf(behaviour);
  const { ignoresRanges, unsized, cuts, cdnIsDown } = behaviour;
  const how = { port: 0, hostname: "127.0.0.1", onListen: () => {} };
  const cdn = Deno.serve(
    how,
    guard("cdn", behaviour, requests, (request) => {
      const path = decodeURIComponent(new URL(request.url).pathname.slice(1));
      const content = behaviour.replaces?.[path] ?? files.get(path)!;
      const after = cuts && path.endsWith(cuts.ending) ? cuts.after.shift() : undefined;
      return contentResponse(request, content, {
        ignoresRanges,
        unsized,
        after,
        hangs: cuts?.hangs,
      });
    }),
  );
  const address = `http://127.0.0.1:${cdnIsDown ? 9 : cdn.addr.port}`;
  const answer = (request: Request) => hubResponse(request, files, { ...behaviour, cdn: address });
  const hub = Deno.serve(how, guard("hub", behaviour, requests, answer));
  const before = Deno.env.get("HF_ENDPOINT");
  Deno.env.set("HF_ENDPOINT", `http://127.0.0.1:${hub.addr.port}/`);
  try {
    await test(requests);
  } finally {
    if (before === undefined) Deno.env.delete("HF_ENDPOINT");
    else Deno.env.set("HF_ENDPOINT", before);
    await Promise.all([hub.shutdown(), cdn.shutdown()]);
  }
}
