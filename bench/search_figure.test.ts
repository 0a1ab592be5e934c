import assert from "node:assert/strict";
import { searchFigure } from "./search_figure.ts";
import type { PeerRow } from "./search_peers.ts";

Deno.test("search figure: a line a system, a panel for each number of queries, on the fewest threads", () => {
  const rows: PeerRow[] = [1, 2].flatMap((threads) =>
    [1, 10].flatMap((queries) =>
      ["ours, float32", "ours, int4", "faiss"].flatMap((system, i) =>
        [1000, 10_000].map((vectors) => ({
          ...{ system, vectors, queries, threads, ms: vectors * queries * (i + 1) / 5000 },
          ...{ median: 1, cpu: 1, ofFaiss: 1, cpuOfFaiss: 1 },
        }))
      )
    )
  );
  const { svg } = searchFigure(rows, { dim: 512, machine: "a machine" });
  assert.equal(svg.match(/<circle /g)?.length, 2 * 3 * 2, "the dots of one thread");
  for (
    const text of ["ms for one query", "ms for 10 queries", "10,000", "ours, int4", "1 thread,"]
  ) {
    assert.ok(svg.includes(text), text);
  }
  assert.ok(!svg.includes("usearch"));
});
