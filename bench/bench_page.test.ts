import assert from "node:assert/strict";
import { join } from "node:path";
import { withFolder } from "../lib/features/testing.ts";
import {
  benchMarkdown,
  type NotebookTimes,
  type SearchResultFile,
  type TrainResultFile,
} from "./bench_page.ts";
import type { PeerRow } from "./search_peers.ts";

const peer = (system: string, vectors: number, ms: number, threads = 1): PeerRow => ({
  ...{ system, vectors, threads, queries: 1, ms, median: ms, cpu: ms },
  ...{ ofFaiss: ms / 10, cpuOfFaiss: 1 },
});
const line = (engine: string, dropout: number, ratio: number) => ({
  ...{ engine, dropout, ratio, torchDevice: "cpu", ours: { seconds: 1.234, peakMiB: 2048 } },
  ...(dropout === 0 && { largestDifference: { gradient: 6.8e-7 } }),
});

Deno.test("bench page: what was measured, beside peers where there are any", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(join(folder, "bench"));
    const write = (name: string, file: object) =>
      Deno.writeTextFile(join(folder, "bench", `${name}.json`), JSON.stringify(file));
    const search: SearchResultFile = {
      ...{ images: 10_000, dim: 512, peers: [], explained: ["word ".repeat(30).trim()] },
      rows: [[1, 14.2], [166, 2474]].map(([vectors, oneQueryMs]) => ({
        ...{ vectors, oneQueryMs, kilobytes: vectors * 2.048 },
      })),
    };
    const step = { images: 30, patches: 166, dim: 512 };
    const train: TrainResultFile = {
      step,
      lines: [line("native", 0, 0.75), line("native", 0.1, 0.612), line("wasm", 0, 6.5)],
    };
    await write("search", search);
    await write("train", train);
    await write("encode", { ratios: [{ what: "ours / theirs", value: 1.379 }] });
    await Deno.mkdir(join(folder, "notebooks"));
    const times: NotebookTimes = { notebooks: { a: {}, b: {} }, wholeSetCold: 1321.8 };
    await Deno.writeTextFile(join(folder, "notebooks/times.quick.json"), JSON.stringify(times));
    const page = await benchMarkdown(folder);
    assert.match(page, /2 notebooks .* cold caches +\| 22 min +\| `deno task notebooks --cold` /);
    assert.match(page, /ours \/ theirs +\| 1\.38 /);
    assert.match(page, /one query 14 ms against 2\.5 s; 2\.0 kB an image against 340 /);
    assert.match(page, /on native .* 0\.75, 0\.61 with dropout times the time \(1\.2 s\)/);
    assert.match(page, /on wasm .* 6\.50 times the time \(1\.2 s\), .* equal to 7e-7; 2\.0 GiB/);
    assert.ok(!page.includes("faiss"));
    assert.deepEqual(page.match(/^word.*$/gm)!.map(({ length }) => length), [99, 49]);
    const peers = [peer("ours, float32", 1000, 11), peer("faiss", 1000, 10), peer("faiss", 10, 1)];
    const other = [peer("ours, float32", 10, 2), peer("faiss", 10, 99, 2)];
    await write("search", { ...search, peers: [...peers, ...other] });
    const lines = (await benchMarkdown(folder)).split("\n").filter((one) =>
      /faiss|ours, /.test(one)
    );
    assert.match(lines[1], /^\| ours, float32 +\| +2 \(0\.20\) \| +11 \(1\.10\) \|$/);
    assert.match(lines[2], /^\| faiss +\| +1 \(0\.10\) \| +10 \(1\.00\) \|$/);
  }));
