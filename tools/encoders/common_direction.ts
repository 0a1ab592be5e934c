/**
 * Finds the direction that an encoder can be given as the common one of its texts and images (`common_direction` in its
 * `config.json`): of all directions that class prompts have no part along, the one along which patches have the least.
 *
 *     deno run -A tools/encoders/common_direction.ts [--encoder tiny-clip] [--images 200] [--seed 1]
 *
 * Patches are those of cc@5 of generated CLEVR-DS scenes. Prints the direction as JSON, six decimals a value, and
 * what there is along it.
 */
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { parseArgs } from "node:util";
import { classPrompts, extractFeatures, loadEncoder, openDataset } from "detailclip";
import { CACHE_DIR } from "../../lib/runtime/cache_dir.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    encoder: { type: "string", default: "tiny-clip" },
    images: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
  },
});

/** The products of vectors, summed over rows: XᵀX. // (D, D) */
function moment(rows: Float32Array, dim: number): Matrix {
  const sum = Matrix.zeros(dim, dim);
  for (let from = 0; from < rows.length; from += 4096 * dim) {
    const part = rows.subarray(from, from + 4096 * dim);
    const matrix = Matrix.from1DArray(part.length / dim, dim, part);
    sum.add(matrix.transpose().mmul(matrix));
  }
  return sum;
}

/** Eigenvectors of a symmetric matrix as columns, the least eigenvalue first. */
function eigenvectors(matrix: Matrix): { values: number[]; vectors: Matrix } {
  const { realEigenvalues: values, eigenvectorMatrix: vectors } = new EigenvalueDecomposition(
    matrix,
    { assumeSymmetric: true },
  );
  return { values, vectors };
}

const encoder = await loadEncoder(values.encoder, { commonDirection: false });
const { dim } = encoder;
const dataset = await openDataset(
  {
    source: "clevr-ds",
    variant: "mixed",
    family: "fluent-3d",
    images: Number(values.images),
    split: "train",
    size: 480,
  },
  Number(values.seed),
  { signal: new AbortController().signal },
);
const prompts = await classPrompts(encoder, dataset.categories, { templates: "imagenet" }); // (Q, D)
const store = await extractFeatures({
  ...{ dataset, encoder },
  cover: { scheme: "complete", k: 5 },
  cacheDir: `${CACHE_DIR}/features`,
});
const rows: Float32Array[] = [];
for await (const { features } of store.images()) rows.push(features);
const patches = new Float32Array(rows.reduce((sum, { length }) => sum + length, 0)); // (N·P, D)
rows.reduce((at, row) => (patches.set(row, at), at + row.length), 0);

const ofPrompts = eigenvectors(moment(prompts, dim));
const free = dim - prompts.length / dim; // D - Q directions without prompts
const nullSpace = ofPrompts.vectors.subMatrix(0, dim - 1, 0, free - 1); // (D, D - Q)
const within = nullSpace.transpose().mmul(moment(patches, dim)).mmul(nullSpace);
const least = eigenvectors(within).vectors.getColumnVector(0);
const found = nullSpace.mmul(least).to1DArray();
const sign = Math.sign(found.find((value) => Math.abs(value) > 1e-3)!);
const vector = found.map((value) => Number((sign * value).toFixed(6)));

/** Root mean square of the cosines to the direction. */
function along(rows: Float32Array): number {
  const matrix = Matrix.from1DArray(rows.length / dim, dim, rows);
  const cosines = matrix.mmul(Matrix.columnVector(vector)).to1DArray();
  return Math.sqrt(cosines.reduce((sum, value) => sum + value * value, 0) / cosines.length);
}
console.error(`root mean square along it: prompts ${along(prompts)}, patches ${along(patches)}`);
console.log(JSON.stringify(vector));
await encoder.dispose();
