import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "../../runtime/files.ts";
import { describeLicence, describePlan } from "./add_model.ts";
import {
  type DownloadPlan,
  fetchModel,
  type FetchModelOptions,
  readSource,
} from "./fetch_model.ts";
import { HubError } from "./request.ts";
import { type HubBehaviour, REVISION, type SeenRequest, withHub } from "./testing.ts";

const ID = "someone/random-clip";

/** Bytes that repeat nowhere soon. */
function bytes(count: number, seed: number): Uint8Array<ArrayBuffer> {
  let state = seed;
  return Uint8Array.from(
    { length: count },
    () => (state = (state * 1103515245 + 12345) >>> 0) >>> 24,
  );
}

const FILES = { "config.json": bytes(900, 1), "onnx/model.onnx": bytes(200_000, 2) };
const WANTED = Object.keys(FILES);

interface Download {
  folder: string;
  requests: SeenRequest[];
  /** The pauses that were made, in ms. */
  pauses: number[];
  fetchAll: (wanted?: string[], options?: Partial<FetchModelOptions>) => Promise<DownloadPlan>;
  seen: { bytes: number; file: string }[];
}

/** A folder, a hub and a download of all its files, whose pauses take no time. */
async function withDownload(behaviour: HubBehaviour, test: (download: Download) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), "hub-"));
  const pauses: number[] = [], seen: Download["seen"] = [];
  try {
    await withHub({ files: FILES, ...behaviour }, async (requests) => {
      const fetchAll: Download["fetchAll"] = (wanted = WANTED, options = {}) =>
        fetchModel(ID, wanted, folder, {
          signal: new AbortController().signal,
          pause: (ms) => Promise.resolve(pauses.push(ms)),
          onBytes: (bytes, file) => seen.push({ bytes, file }),
          ...options,
        });
      await test({ folder, requests, pauses, fetchAll, seen });
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Asserts that a folder has the model's files, whole, and nothing left over. */
async function assertWhole(folder: string, files: Record<string, Uint8Array> = FILES) {
  for (const [path, content] of Object.entries(files)) {
    assert.deepEqual(new Uint8Array(await readFile(join(folder, path))), content, path);
  }
  assert.deepEqual(await partsIn(folder), []);
}

async function partsIn(folder: string): Promise<string[]> {
  return (await readdir(folder, { recursive: true })).filter((path) => path.endsWith(".part"));
}

/** Requests of the large file that the CDN got. */
const transfers = (requests: SeenRequest[]) => requests.filter(({ host }) => host === "cdn");

Deno.test("files come by redirects, small ones from the hub, large ones from the CDN, and are noted", async () => {
  const cardData = { license: "apache-2.0", base_model: ["openai/clip"] };
  await withDownload({ cardData }, async ({ folder, requests, fetchAll, seen }) => {
    const plan = await fetchAll();
    await assertWhole(folder);
    assert.deepEqual(
      [plan.bytes, plan.licence, plan.base, plan.files.length],
      [200_900, "apache-2.0", ["openai/clip"], 2],
    );
    assert.deepEqual(await readSource(folder), {
      ...{ id: ID, revision: REVISION, licence: "apache-2.0" },
    });
    assert.equal(seen.at(-1)!.bytes, 200_900);
    assert.ok(seen.every(({ bytes }, i) => i === 0 || bytes >= seen[i - 1].bytes), "never back");
    const before = requests.length;
    assert.equal((await fetchAll()).files.length, 0);
    assert.equal(requests.length, before + 1, "the second call looks, and downloads nothing");
  });
});

Deno.test("a token goes to the hub, never to the CDN, and never into a message", async () => {
  const token = "hf_verysecret";
  await withDownload({ token }, async ({ folder, requests, fetchAll }) => {
    await assert.rejects(fetchAll(), /401: someone\/random-clip is private.*HF_TOKEN would give/);
    Deno.env.set("HF_TOKEN", token);
    try {
      await fetchAll();
      await assertWhole(folder);
      const of = (host: string) => requests.slice(1).filter((request) => request.host === host);
      assert.ok(of("hub").every(({ authorization }) => authorization === `Bearer ${token}`));
      assert.ok(of("cdn").length > 0);
      assert.ok(of("cdn").every(({ authorization }) => authorization === null));
      Deno.env.set("HF_TOKEN", "hf_another");
      await assert.rejects(fetchAll(), (error: Error) => {
        assert.match(error.message, /401.*asked with the token of the environment/);
        return !error.message.includes("hf_another");
      });
    } finally {
      Deno.env.delete("HF_TOKEN");
    }
  });
});

Deno.test("a transfer that breaks off goes on where it was", async () => {
  const cuts = { ending: "model.onnx", after: [70_000, 50_000] };
  await withDownload({ cuts }, async ({ folder, requests, fetchAll }) => {
    await fetchAll();
    await assertWhole(folder);
    const ranges = transfers(requests).map(({ range }) => range);
    assert.deepEqual(ranges, [null, "bytes=70000-", "bytes=120000-"]);
  });
});

Deno.test("where every transfer breaks off at once, what there is is kept, and the next call goes on", async () => {
  const cuts = { ending: "model.onnx", after: [70_000, 0, 0, 0, 0, 0] };
  await withDownload({ cuts }, async ({ folder, requests, fetchAll, pauses }) => {
    await assert.rejects(fetchAll(), /broke off: .*; 70000 of 200000 bytes are kept/);
    assert.equal((await partsIn(folder)).length, 1);
    assert.ok(pauses.length >= 4 && pauses.every((ms, i) => i === 0 || ms >= pauses[i - 1]));
    await fetchAll();
    await assertWhole(folder);
    assert.equal(transfers(requests).at(-1)!.range, "bytes=70000-");
  });
});

Deno.test("a stop keeps what there is, and the next call goes on", async () => {
  const cuts = { ending: "model.onnx", after: [70_000] };
  await withDownload({ cuts }, async ({ folder, requests, fetchAll }) => {
    const stop = new AbortController(), reason = new Error("enough");
    const onBytes = (bytes: number) => bytes > 50_000 && stop.abort(reason);
    await assert.rejects(fetchAll(WANTED, { signal: stop.signal, onBytes }), reason);
    assert.deepEqual((await readdir(join(folder, "onnx"))).length, 1);
    await fetchAll();
    await assertWhole(folder);
    const ranges = transfers(requests).map(({ range }) => range);
    assert.match(ranges[1]!, /^bytes=\d{2,5}-$/);
  });
});

Deno.test("a CDN that cannot be reached is named without the signature in its address", async () => {
  await withDownload({ cdnIsDown: true }, async ({ fetchAll }) => {
    await assert.rejects(fetchAll(), ({ message }: Error) => {
      assert.match(message, /Cannot reach .*127\.0\.0\.1:9/);
      return !message.includes("secret");
    });
  });
});

Deno.test("a server without ranges sends all again", async () => {
  const cuts = { ending: "model.onnx", after: [70_000] };
  await withDownload({ cuts, ignoresRanges: true }, async ({ folder, requests, fetchAll }) => {
    await fetchAll();
    await assertWhole(folder);
    assert.deepEqual(transfers(requests).map(({ range }) => range), [null, "bytes=70000-"]);
  });
});

Deno.test("of a longer file than the hub's, such as one from another day, nothing is used", async () => {
  await withDownload({}, async ({ folder, fetchAll }) => {
    const part = "onnx/model.onnx";
    await fetchAll();
    await rm(join(folder, part));
    const name = `${part}.${sha256(FILES[part]).slice(0, 12)}.part`;
    await writeFile(join(folder, name), bytes(200_001, 5));
    await fetchAll();
    await assertWhole(folder);
  });
});

const text = (content: string) => new TextEncoder().encode(content);
const POINTER = text(
  `version https://git-lfs.github.com/spec/v1\noid sha256:${"a".repeat(64)}\nsize 200000\n`,
);
const PAGE = text("<!DOCTYPE html><title>Sign in to this network</title>");
const SHORT = FILES["onnx/model.onnx"].slice(0, 150_000), LONG = bytes(250_000, 2);
const kept = /the transfer .*; \d+ of 200000 bytes are kept/;

/** What is sent, what is said where its length is told, and where it is not. */
const wrong: [string, Uint8Array<ArrayBuffer>, RegExp, RegExp][] = [
  ["too short", SHORT, /: 150000 bytes come, and the hub said 200000; nothing/, kept],
  [
    "too long",
    LONG,
    /: 250000 bytes come, and the hub said 200000; nothing/,
    /got \d+ of 200000 bytes; nothing of it was kept/,
  ],
  [
    "of the right size and other content",
    bytes(200_000, 3),
    /its SHA-256 must be [0-9a-f]{64}, got/,
    /its SHA-256 must be [0-9a-f]{64}, got/,
  ],
  [
    "a pointer",
    POINTER,
    /what comes is a pointer of Git LFS/,
    /what comes is a pointer of Git LFS/,
  ],
  ["a page", PAGE, /what comes is a page of HTML/, /what comes is a page of HTML/],
];
for (const [what, content, ...messages] of wrong) {
  for (const unsized of [false, true]) {
    const told = unsized ? "untold" : "told";
    Deno.test(`a large file that is ${what}, its length ${told}, is refused and gets no name`, async () => {
      await withDownload(
        { unsized, replaces: { "onnx/model.onnx": content } },
        async ({ folder, fetchAll, pauses }) => {
          const message = messages[Number(unsized)];
          await assert.rejects(fetchAll(), message);
          assert.deepEqual(
            (await readdir(join(folder, "onnx"))).filter((name) => name.endsWith("onnx")),
            [],
          );
          assert.equal(pauses.length > 0, message === kept, "only a break is tried again");
          assert.ok((await partsIn(folder)).length <= Number(message === kept));
        },
      );
    });
  }
}

Deno.test("what there is of a file stays where a page comes in place of the rest", async () => {
  const cuts = { ending: "model.onnx", after: [70_000, 0, 0, 0, 0, 0] };
  const replaces: Record<string, Uint8Array<ArrayBuffer>> = {};
  await withDownload({ cuts, replaces, ignoresRanges: true }, async ({ folder, fetchAll }) => {
    await assert.rejects(fetchAll(), /70000 of 200000 bytes are kept/);
    replaces["onnx/model.onnx"] = PAGE;
    await assert.rejects(fetchAll(), /what comes is a page of HTML/);
    const [part] = await partsIn(folder);
    assert.equal((await readFile(join(folder, part))).length, 70_000);
    delete replaces["onnx/model.onnx"];
    await fetchAll();
    await assertWhole(folder);
  });
});

const answers: [string, () => Response | Promise<Response>, RegExp][] = [
  ["a page", () => new Response(PAGE), /answers: it is a page of HTML or XML/],
  ["cut JSON", () => new Response('{"sha": "01'), /it is no JSON, and begins with "\{\\"sha/],
  ["null", () => new Response("null"), /expected object, received null/],
  [
    "sizes below zero",
    () =>
      Response.json({
        sha: REVISION,
        siblings: [{ rfilename: "a", size: 1, lfs: { sha256: "a".repeat(64), size: -1 } }],
      }),
    /expected number to be >=0/,
  ],
  [
    "nothing",
    () => new Promise((done) => setTimeout(() => done(new Response(PAGE)), 300)),
    /Cannot reach .* \(tried 3 times\): nothing came for 0\.05 s/,
  ],
  [
    "half of something",
    () => new Response(new ReadableStream({ start: (to) => to.enqueue(text("{")) })),
    /answers: it broke off: nothing came for 0\.05 s/,
  ],
];
for (const [what, answer, message] of answers) {
  Deno.test(`a hub that answers with ${what} is refused in words`, async () => {
    await withDownload({ answers: answer }, async ({ folder, fetchAll }) => {
      await assert.rejects(fetchAll(WANTED, { patience: 50 }), message);
      assert.deepEqual(await readdir(folder), []);
    });
  });
}

Deno.test("a CDN that refuses is not taken for a hub that wants to be asked for access", async () => {
  const refuses = { ending: "/model.onnx", statuses: [403] };
  await withDownload({ refuses }, async ({ fetchAll }) => {
    await assert.rejects(fetchAll(), /403: access to .* has to be asked for/);
  });
  const signed = { ending: "onnx%2Fmodel.onnx", statuses: [403] };
  await withDownload({ refuses: signed }, async ({ folder, fetchAll }) => {
    await assert.rejects(
      fetchAll(),
      /403 .*of http:\/\/127\.0\.0\.1:\d+, to which the hub sent on/,
    );
    assert.deepEqual(await partsIn(folder), []);
  });
});

Deno.test("a licence cannot move the cursor, and a file that is listed twice comes once", async () => {
  await withDownload({ cardData: { license: "mit\u001b[2J\nfine" } }, async ({ fetchAll }) => {
    assert.equal((await fetchAll()).licence, "mit\\x1b[2J\\x0afine");
  });
  const file = { rfilename: "config.json", size: 900 };
  const twice = () => Response.json({ sha: REVISION, siblings: [file, file] });
  await withDownload({ answers: twice }, async ({ fetchAll }) => {
    const plan = await fetchAll(["config.json"]);
    assert.equal(plan.files.length, 1);
    assert.match(describePlan(plan), /in 1 file, 1 of them without a checksum, to /);
  });
});

Deno.test("a small file is checked by Git's checksum", async () => {
  await withDownload(
    { replaces: { "config.json": bytes(900, 9) } },
    async ({ folder, fetchAll }) => {
      await assert.rejects(fetchAll(), /config\.json: its Git's SHA-1 must be [0-9a-f]{40}, got/);
      assert.deepEqual(await partsIn(folder), []);
    },
  );
});

Deno.test("a busy hub is asked again, after the time that it asks for", async () => {
  const refuses = { ending: "model.onnx", statuses: [503, 429], retryAfter: "7" };
  await withDownload({ refuses }, async ({ folder, fetchAll, pauses }) => {
    await fetchAll();
    await assertWhole(folder);
    assert.deepEqual(pauses, [7000, 7000]);
  });
  const always = { ending: "/main", statuses: Array(9).fill(503) };
  await withDownload({ refuses: always }, async ({ fetchAll, pauses }) => {
    await assert.rejects(fetchAll(), (error) => error instanceof HubError && error.status === 503);
    assert.deepEqual(pauses, [1000, 2000, 4000, 8000]);
  });
  const long = { ending: "/main", statuses: [429], retryAfter: "3600" };
  await withDownload({ refuses: long }, async ({ fetchAll, pauses }) => {
    await assert.rejects(fetchAll(), /429.*to be asked again in 60 min/);
    assert.deepEqual(pauses, []);
  });
});

for (
  const [status, message] of [[401, /private, or gated, or not there/], [
    403,
    /asked for on http.*\/someone\/random-clip;/,
  ], [404, /404: someone\/random-clip is not there/]] as const
) {
  Deno.test(`${status} says what to do and is not tried again`, async () => {
    const refuses = { ending: "/main", statuses: [status] };
    await withDownload({ refuses }, async ({ fetchAll, pauses, requests }) => {
      await assert.rejects(fetchAll(), message);
      assert.deepEqual([pauses, requests.length], [[], 1]);
    });
  });
}

Deno.test("a hub that cannot be reached, and one that is none, are named", async () => {
  await withDownload({}, async ({ folder, pauses }) => {
    const signal = new AbortController().signal;
    const pause = (ms: number) => Promise.resolve(pauses.push(ms));
    const fetchAt = (endpoint: string) => {
      Deno.env.set("HF_ENDPOINT", endpoint);
      return fetchModel(ID, WANTED, folder, { signal, pause });
    };
    await assert.rejects(
      fetchAt("http://127.0.0.1:9"),
      /Cannot reach http:\/\/127\.0\.0\.1:9 \(tried 3/,
    );
    assert.deepEqual(pauses, [1000, 2000]);
    await assert.rejects(fetchAt("ftp://x"), /HF_ENDPOINT must be an http\(s\) address, got ftp/);
  });
  await withHub({}, async () => { // a model without files of a sane description
    const signal = new AbortController().signal;
    await assert.rejects(
      fetchModel(ID, ["a.onnx"], "/nowhere", { signal }),
      /lacks a\.onnx; it has no ONNX/,
    );
  });
});

Deno.test("files that the hub lacks are named with those that it has; nothing is begun", async () => {
  await withDownload({}, async ({ folder, fetchAll, requests }) => {
    await assert.rejects(
      fetchAll([...WANTED, "onnx/other.onnx"]),
      /lacks onnx\/other\.onnx; of graphs it has onnx\/model\.onnx\. Another --dtype/,
    );
    assert.deepEqual([await readdir(folder), requests.length], [[], 1]);
  });
});

Deno.test("weights beside a graph come with it, and before it", async () => {
  const data = {
    "onnx/model.onnx_data": bytes(60_000, 4),
    "onnx/model.onnx_data_1": bytes(60_000, 6),
  };
  const files = { ...FILES, ...data, "onnx/model_fp16.onnx_data": bytes(60_000, 7) };
  await withDownload({ files }, async ({ folder, fetchAll }) => {
    const plan = await fetchAll();
    assert.deepEqual(plan.files.map(({ path }) => path), [...Object.keys(data), ...WANTED]);
    await assertWhole(folder, { ...FILES, ...data });
  });
});

Deno.test("nothing that is there is overwritten", async () => {
  await withDownload({}, async ({ folder, fetchAll }) => {
    await mkdir(join(folder, "onnx"));
    await writeFile(join(folder, "onnx/model.onnx"), "mine");
    await assert.rejects(
      fetchAll(),
      /has 4 bytes and is not the hub's, which has 200000; move it away/,
    );
    assert.equal(await readFile(join(folder, "onnx/model.onnx"), "utf8"), "mine");
    assert.deepEqual(await readdir(folder), ["onnx"]);
  });
});

Deno.test("two processes do not write one file", async () => {
  await withDownload({}, async ({ folder, fetchAll }) => {
    const both = await Promise.allSettled([fetchAll(), fetchAll()]);
    const failed = both.filter((result) => result.status === "rejected");
    for (const { reason } of failed) assert.match(reason.message, /another process is doing that/);
    assert.ok(failed.length < 2);
    await assertWhole(folder);
  });
});

Deno.test("what is said before a download: licence, size, place", () => {
  const plan = {
    id: "a/b",
    revision: REVISION,
    base: [],
    folder: "/models/a/b",
    files: [],
    bytes: 6.1e8,
  };
  assert.match(
    describePlan(plan),
    /^a\/b: no licence named on its card \(http.*\/a\/b\); 610 MB in 0 files to/,
  );
  assert.equal(describeLicence("mit"), "licence mit");
  assert.equal(describeLicence("cc-by-nc-4.0"), "licence cc-by-nc-4.0 (NOT for commercial use)");
  assert.equal(describeLicence("apple-amlr"), "licence apple-amlr (NOT for commercial use)");
  assert.match(describeLicence(undefined, ["openai/clip"]), /see that of openai\/clip/);
});
