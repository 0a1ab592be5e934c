import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadEncoder } from "./load.ts";
import { encoderFiles, locateEncoder } from "./locate.ts";

const RANDOM_CLIP = fileURLToPath(new URL("./testdata/random-clip", import.meta.url));

async function inTemporaryFolder(test: (folder: string) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), "locate-"));
  try {
    await test(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Serves the random encoder as the hub would: /owner/name/resolve/main/file. */
async function withHub(test: (requests: string[]) => Promise<void>) {
  const requests: string[] = [], before = Deno.env.get("HF_ENDPOINT");
  const server = Deno.serve({ port: 0, onListen: () => {} }, async ({ url }) => {
    const path = new URL(url).pathname;
    requests.push(path);
    const [owner, name, , , ...file] = path.slice(1).split("/");
    if (`${owner}/${name}` !== "someone/random-clip") return new Response(null, { status: 404 });
    return new Response(await Deno.readFile(join(RANDOM_CLIP, ...file)));
  });
  Deno.env.set("HF_ENDPOINT", `http://localhost:${server.addr.port}/`);
  try {
    await test(requests);
  } finally {
    if (before === undefined) Deno.env.delete("HF_ENDPOINT");
    else Deno.env.set("HF_ENDPOINT", before);
    await server.shutdown();
  }
}

Deno.test("a hub id is found in the folder of models, without the network", async () => {
  await inTemporaryFolder(async (modelsDir) => {
    await mkdir(join(modelsDir, "someone"));
    await cp(RANDOM_CLIP, join(modelsDir, "someone", "random-clip"), { recursive: true });
    await withHub(async (requests) => {
      const folder = await locateEncoder("someone/random-clip", { modelsDir, remote: true });
      assert.equal(folder, join(modelsDir, "someone", "random-clip"));
      assert.deepEqual(requests, []);
    });
  });
});

Deno.test("a missing model: the error says what to download and where to put it", async () => {
  await inTemporaryFolder(async (modelsDir) => {
    await withHub(async (requests) => {
      await assert.rejects(
        loadEncoder("someone/random-clip", { modelsDir, dtype: "q8" }),
        ({ message }: Error) => {
          for (const file of encoderFiles("q8")) {
            assert.ok(message.includes(`/someone/random-clip/resolve/main/${file}`), message);
            assert.ok(message.includes(join(modelsDir, "someone/random-clip", file)), message);
          }
          return message.includes("remote: true");
        },
      );
      assert.deepEqual(requests, [], "nothing is downloaded unasked");
      assert.deepEqual(await readdir(modelsDir), []);
    });
  });
});

Deno.test("remote: true downloads the files once, then works offline", async () => {
  await inTemporaryFolder(async (modelsDir) => {
    await withHub(async (requests) => {
      const options = { modelsDir, remote: true };
      const encoder = await loadEncoder("someone/random-clip", options);
      assert.equal((await encoder.encodeTexts(["boat"])).length, 32);
      await encoder.dispose();
      assert.equal(requests.length, 6);
      await locateEncoder("someone/random-clip", options);
      assert.equal(requests.length, 6);
      await assert.rejects(locateEncoder("someone/else", options), /Cannot download .*: 404/);
      assert.deepEqual(
        await readdir(modelsDir, { recursive: true }).then((all) =>
          all.filter((path) => path.endsWith(".tmp"))
        ),
        [],
      );
    });
  });
});

Deno.test("an id that is nothing, and a folder that lacks files, are refused with reasons", async () => {
  await assert.rejects(
    locateEncoder("no such thing"),
    /neither embedded \(tiny-clip, photo-clip\), nor/,
  );
  await assert.rejects(locateEncoder("owner/../../etc"), /nor a hub id/);
  await assert.rejects(
    locateEncoder("./no/such"),
    /lacks onnx\/vision_model\.onnx, .*export_encoder/,
  );
  await assert.rejects(
    locateEncoder(RANDOM_CLIP, { dtype: "q4" as "q8" }),
    /dtype must be fp32, fp16 or q8, got q4/,
  );
});
