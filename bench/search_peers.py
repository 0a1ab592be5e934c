"""What `bench/search.ts` measures beside our search: numpy, faiss's flat index and usearch's exact search.

Reads one JSON object a line from standard input, `{"peer": name, "queries": q}`, searches once and answers
`{"ms": time, "cpu": processor time, "found": [[...], ...]}` with the ten best rows of each query; numpy only multiplies, and finds none.

    .venv-search/bin/python bench/search_peers.py <float32 vectors> <float32 queries> <dim> <threads>
"""

import json
import os
import sys
import time


def main() -> None:
    vectors, queries, dim, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ[name] = str(threads)  # before the libraries load
    import faiss
    import numpy as np
    from usearch.index import MetricKind, search

    rows = np.fromfile(vectors, np.float32).reshape(-1, dim)
    asked = np.fromfile(queries, np.float32).reshape(-1, dim)
    faiss.omp_set_num_threads(threads)
    flat = faiss.IndexFlatIP(dim)
    flat.add(rows)

    def with_numpy(some: np.ndarray) -> None:
        # a single vector as BLAS wants it
        return rows @ some[0] if len(some) == 1 else some @ rows.T

    def with_usearch(some: np.ndarray) -> np.ndarray:
        return search(rows, some, 10, MetricKind.IP, exact=True, threads=threads).keys

    peers = {
        "numpy": with_numpy,
        "faiss": lambda some: flat.search(some, 10)[1],
        "usearch": with_usearch,
    }
    print(json.dumps({"ready": len(rows)}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        some = asked[: request["queries"]]
        start, busy = time.perf_counter(), time.process_time()
        found = peers[request["peer"]](some)
        ms, cpu = (time.perf_counter() - start) * 1000, (time.process_time() - busy) * 1000
        found = None if request["peer"] == "numpy" else np.reshape(found, (len(some), -1)).tolist()
        print(json.dumps({"ms": ms, "cpu": cpu, "found": found}), flush=True)


if __name__ == "__main__":
    main()
