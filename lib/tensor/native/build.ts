/**
 * The native engine's shared library: the N-API binding of `@tensorflow/tfjs-node-gpu` and operations of our
 * own, compiled against the current libtensorflow of a Python wheel. The package's own install script would
 * fetch TensorFlow 2.9 (CUDA 11.2); the binding's source speaks the stable C interface and compiles
 * unchanged against 2.21.
 *
 * @module
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { sharedFolder } from "../../runtime/cache_dir.ts";
import { sha256 } from "../../runtime/files.ts";
import { readProc } from "../../runtime/proc.ts";
import { type ProgressOutput, showStep } from "../../runtime/progress.ts";
import {
  type EngineVariant,
  fetchLibrary,
  findPlatform,
  libraryPlace,
  step,
} from "./libtensorflow.ts";

export type { EngineVariant } from "./libtensorflow.ts";

/** Options of {@linkcode buildEngine}. */
export interface BuildOptions {
  /** Which libtensorflow; CUDA when {@linkcode wantsCuda} says so, if absent. */
  variant?: EngineVariant;
  /** The folder that gets the engine; `.cache/engine` of the project if absent. */
  cacheDir?: string;
  /** Where it shows what is being done, when something has to be. */
  output?: ProgressOutput;
}

const require = createRequire(import.meta.url);
/** What fetching a variant takes. */
const FETCHING: Record<EngineVariant, [size: string, about: string]> = {
  cpu: ["270 MB", "about 25 s"],
  cuda: ["several GB", "some minutes"],
};
const FLAGS = [
  ...["-std=c++17", "-fPIC", "-shared", "-DNAPI_VERSION=8"],
  ...["-O3", "-fopenmp-simd", "-fno-math-errno", "-fno-trapping-math"], // lets loops be vectorised
  Deno.build.arch === "x86_64" ? "-march=native" : "-mcpu=native",
];
/** Operations of our own, compiled into the binding. */
const KERNELS = join(import.meta.dirname!, "kernels.cc");
const COMPILER_HINT =
  "Install a C++ compiler (Debian and Ubuntu: apt-get install g++), or set CXX to one";

/** Compiles the binding against the library in `folder`; it is there as a whole or not at all. */
async function compile(compiler: string, folder: string, binding: string): Promise<void> {
  const tensorflow = join(folder, "tensorflow");
  const source = join(require.resolve("@tensorflow/tfjs-node-gpu/package.json"), "..", "binding");
  const headers: string = require("node-api-headers").include_dir;
  const includes = [join(source, ".."), source, headers, join(tensorflow, "include")];
  const { libraries, link } = findPlatform();
  const temporary = `${binding}.tmp`;
  const args = [
    ...[...FLAGS, ...includes.map((folder) => `-I${folder}`)],
    ...["tfjs_backend.cc", "tfjs_binding.cc"].map((file) => join(source, file)),
    KERNELS,
    ...libraries.map((file) => join(tensorflow, file)),
    ...[...link("/tensorflow"), "-o", temporary],
  ];
  await step("compile the native engine's binding", compiler, args, COMPILER_HINT);
  await Deno.rename(temporary, binding);
}

/** What the processor can do: a folder may be shared by machines that differ. */
function processor(): string {
  const text = readProc("/proc/cpuinfo") ?? "";
  return text.split("\n").find((line) => /^(flags|Features)\b/.test(line)) ?? "";
}

/** Whether the native engine is asked to come with CUDA: DETAILCLIP_CUDA=1. WebGPU needs none of it. */
export function wantsCuda(): boolean {
  const wish = Deno.env.get("DETAILCLIP_CUDA");
  return wish !== undefined && wish !== "" && wish !== "0";
}

/** Where the binding lies: named by all that it is made from. */
async function bindingPath(folder: string): Promise<string> {
  const { version } = require("@tensorflow/tfjs-node-gpu/package.json");
  const headers = require("node-api-headers/package.json").version;
  const link = findPlatform().link("");
  const parts = [
    FLAGS,
    link,
    processor(),
    await Deno.readTextFile(KERNELS),
    version,
    headers,
  ];
  return join(folder, `binding-${sha256(JSON.stringify(parts)).slice(0, 12)}.node`);
}

const exists = (path: string) => Deno.stat(path).then(() => true, () => false);

/**
 * Makes sure that the native engine's binding is built: a hash and a look at the disk when it is; half a
 * minute and 270 MB of download the first time. A killed build does not disturb the next one;
 * of two processes that ask at once, one builds and the other waits.
 *
 * @param options which libtensorflow, where, and where progress shows
 * @returns the binding's path
 * @throws {Error} when the platform has no libtensorflow, or Python, pip, a C++ compiler or the wheel is
 * missing; the message says which
 */
export async function buildEngine(options: BuildOptions = {}): Promise<string> {
  const { cacheDir = sharedFolder("engine"), output } = options;
  const variant = options.variant ?? (wantsCuda() ? "cuda" : "cpu");
  const { folder, requirement } = await libraryPlace(variant, cacheDir);
  const binding = await bindingPath(folder);
  if (await exists(binding)) return binding;

  await Deno.mkdir(cacheDir, { recursive: true });
  using lock = await Deno.open(join(cacheDir, "lock"), { write: true, create: true });
  await lock.lock(true); // the system frees it when the process ends, however that happens
  if (await exists(binding)) return binding;
  const compiler = Deno.env.get("CXX") || "g++";
  await step("compile the native engine's binding", compiler, ["--version"], COMPILER_HINT);
  if (!await exists(folder)) {
    const [size, about] = FETCHING[variant];
    const label = `Fetch ${requirement} (${size}, once)`;
    await showStep(label, () => fetchLibrary(variant, folder), { about, output });
  }
  const label = "Compile the native engine (once)";
  const about = "about 30 s";
  await showStep(label, () => compile(compiler, folder, binding), { about, output });
  return binding;
}
