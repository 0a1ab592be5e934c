/**
 * The native engine's shared library: the N-API binding of `@tensorflow/tfjs-node-gpu`, compiled against
 * the current libtensorflow of a Python wheel. The package's own install script would fetch TensorFlow 2.9
 * (CUDA 11.2); the binding's source speaks the stable C interface and compiles unchanged against 2.21.
 *
 * @module
 */
import { join } from "node:path";
import { createRequire } from "node:module";
import { sha256 } from "../files.ts";

/** Which libtensorflow: for processors alone, or with CUDA. */
export type EngineVariant = "cpu" | "cuda";

/** Options of {@linkcode buildEngine}. */
export interface BuildOptions {
  /** Which libtensorflow; CUDA when {@linkcode wantsCuda} says so, if absent. */
  variant?: EngineVariant;
  /** The folder that gets the engine; `.cache/engine` of the project if absent. */
  cacheDir?: string;
  /** Told what is being done, when something has to be. */
  log?: (message: string) => void;
}

const ROOT = join(import.meta.dirname!, "..", "..");
const require = createRequire(import.meta.url);
const BINDING = "tfjs_binding.node";
const WHEEL_PYTHON = "3.11"; // what is in the wheel is the same for every Python; one wheel is pinned
const FLAGS = [
  ...["-std=c++17", "-fPIC", "-shared", "-DNAPI_VERSION=8"],
  ...["-O3", "-fopenmp-simd", "-fno-math-errno", "-fno-trapping-math"], // lets loops be vectorised
  Deno.build.arch === "x86_64" ? "-march=native" : "-mcpu=native",
];
/** Operations of our own, compiled into the binding. */
const KERNELS = join(import.meta.dirname!, "kernels.cc");
const HEADERS = [
  ...["tensorflow/c/", "tensorflow/core/platform/", "tsl/platform/", "xla/tsl/c/"],
  "tensorflow/core/common_runtime/next_pluggable_device/c/",
];

interface Platform {
  /** What pip calls it. */
  wheel: string;
  /** The two libraries of libtensorflow. */
  libraries: [string, string];
  /** Where the binding finds them, and flags of its linker. */
  link: (folder: string) => string[];
}

const linux = (machine: string): Platform => ({
  wheel: `manylinux_2_27_${machine}`,
  libraries: ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"],
  link: (folder) => [`-Wl,-rpath,$ORIGIN${folder}`],
});

/** Where the engine can be built. Only linux-x86_64 has been tried. */
const PLATFORMS: Record<string, Platform> = {
  "linux-x86_64": linux("x86_64"),
  "linux-aarch64": linux("aarch64"),
  "darwin-aarch64": {
    wheel: "macosx_12_0_arm64",
    libraries: ["libtensorflow_cc.2.dylib", "libtensorflow_framework.2.dylib"],
    link: (folder) => ["-undefined", "dynamic_lookup", `-Wl,-rpath,@loader_path${folder}`],
  },
};

/** Runs a step; its output is shown only when it fails. */
async function step(what: string, program: string, args: string[], hint: string): Promise<string> {
  let result: Deno.CommandOutput;
  try {
    const env = {
      PIP_DISABLE_PIP_VERSION_CHECK: "1",
      PIP_NO_INPUT: "1",
      PIP_RETRIES: "2",
      PIP_CACHE_DIR: join(ROOT, ".cache", "pip"),
    };
    result = await new Deno.Command(program, { args, env, stdin: "null" }).output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(`Cannot ${what}: there is no program ${program}. ${hint}`);
  }
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (result.success) return text(result.stdout);
  const said = `${text(result.stderr)}\n${text(result.stdout)}`.trim().split("\n").slice(-5);
  throw new Error(
    `Cannot ${what}: ${program} ended with ${result.code}: ${said.join("\n")}. ${hint}`,
  );
}

/** A Python that has pip: the one of the variable PYTHON, the project's own, or the system's. */
async function pythonWithPip(): Promise<string> {
  const own = join(ROOT, ".venv", "bin", "python");
  const hint = "Install Python 3 with pip, or set PYTHON to one";
  let problem: unknown;
  for (const python of [Deno.env.get("PYTHON"), own, "python3"]) {
    if (!python) continue;
    try {
      await step("run pip", python, ["-m", "pip", "--version"], hint);
      return python;
    } catch (error) {
      problem = error;
    }
  }
  throw problem;
}

/**
 * Fetches the wheel alone and takes from it the two libraries and the few headers that the binding
 * includes; its Python dependencies are not needed.
 */
async function fetchCpu(python: string, target: string, platform: Platform): Promise<void> {
  const wheels = join(target, "wheel");
  const download = [
    ...["-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"],
    ...["--only-binary=:all:", "--python-version", WHEEL_PYTHON, "--platform", platform.wheel],
    ...["-r", join(ROOT, "requirements-engine.txt"), "-d", wheels],
  ];
  await step("fetch libtensorflow", python, download, "It needs PyPI or a mirror of it");
  const script = `
import glob, os, sys, zipfile
wheels, target, libraries, headers = sys.argv[1], sys.argv[2], sys.argv[3].split(), sys.argv[4].split()
with zipfile.ZipFile(glob.glob(os.path.join(wheels, "*.whl"))[0]) as wheel:
    for name in wheel.namelist():
        inside = name.removeprefix("tensorflow/")
        header = inside.removeprefix("include/")
        if inside in libraries or (header != inside and header.startswith(tuple(headers))):
            wheel.extract(name, target)
`;
  const args = ["-c", script, wheels, target, platform.libraries.join(" "), HEADERS.join(" ")];
  await step("unpack libtensorflow", python, args, "");
  await Deno.remove(wheels, { recursive: true });
}

/** Installs TensorFlow with CUDA's own libraries beside it, where its run path looks for them. */
async function fetchCuda(python: string, target: string): Promise<void> {
  const install = [
    ...["-m", "pip", "install", "--quiet", "--only-binary=:all:", "--target", target],
    ...["-r", join(ROOT, "requirements-engine-cuda.txt")],
  ];
  await step(
    "install TensorFlow with CUDA",
    python,
    install,
    "It needs PyPI and about 6 GB of disk",
  );
}

/** Compiles the binding into `target`, against the libraries in `target`/tensorflow. */
async function compile(compiler: string, target: string, platform: Platform): Promise<void> {
  const tensorflow = join(target, "tensorflow");
  const source = join(require.resolve("@tensorflow/tfjs-node-gpu/package.json"), "..", "binding");
  const headers: string = require("node-api-headers").include_dir;
  const includes = [join(source, ".."), source, headers, join(tensorflow, "include")];
  const args = [
    ...[...FLAGS, ...includes.map((folder) => `-I${folder}`)],
    ...["tfjs_backend.cc", "tfjs_binding.cc"].map((file) => join(source, file)),
    KERNELS,
    ...platform.libraries.map((file) => join(tensorflow, file)),
    ...[...platform.link("/tensorflow"), "-o", join(target, BINDING)],
  ];
  await step("compile the native engine's binding", compiler, args, COMPILER_HINT);
}

const COMPILER_HINT =
  "Install a C++ compiler (Debian and Ubuntu: apt-get install g++), or set CXX to one";

/**
 * Whether the engine should come with CUDA: DETAILCLIP_CUDA=1 says yes and =0 no; else, whether there is
 * an NVIDIA GPU.
 *
 * @returns whether it should
 */
export async function wantsCuda(): Promise<boolean> {
  const wish = Deno.env.get("DETAILCLIP_CUDA");
  if (wish) return wish !== "0";
  if (Deno.build.os !== "linux" || Deno.build.arch !== "x86_64") return false;
  return await Deno.stat("/dev/nvidia0").then(() => true, () => false);
}

/**
 * Makes sure that the native engine's binding is built: a hash and a look at the disk when it is, about a
 * minute and 274 MB of download the first time. It is built in a temporary folder and renamed, so that a
 * killed build leaves nothing behind; of two processes that ask at once, one builds and the other waits.
 *
 * @param options which libtensorflow, where, and a listener for messages
 * @returns the binding's path
 * @throws {Error} when the platform has no libtensorflow, or Python, pip, a C++ compiler or the wheel is
 * missing; the message says which
 */
export async function buildEngine(options: BuildOptions = {}): Promise<string> {
  const { cacheDir = join(ROOT, ".cache", "engine"), log = console.error } = options;
  const variant = options.variant ?? (await wantsCuda() ? "cuda" : "cpu");
  const name = `${Deno.build.os}-${Deno.build.arch}`;
  const platform = PLATFORMS[name];
  if (!platform) throw new Error(`Cannot build the native engine: no libtensorflow for ${name}`);
  const list = variant === "cuda" ? "requirements-engine-cuda.txt" : "requirements-engine.txt";
  const wanted = [
    ...[name, variant, WHEEL_PYTHON, ...FLAGS, await processor()],
    ...await Promise.all([join(ROOT, list), KERNELS].map((file) => Deno.readTextFile(file))),
    require("@tensorflow/tfjs-node-gpu/package.json").version,
  ];
  const folder = join(cacheDir, `${variant}-${sha256(JSON.stringify(wanted)).slice(0, 12)}`);
  const binding = join(folder, BINDING);
  const ready = () => Deno.stat(binding).then(() => true, () => false);
  if (await ready()) return binding;

  await Deno.mkdir(cacheDir, { recursive: true });
  using lock = await Deno.open(join(cacheDir, "lock"), { write: true, create: true });
  await lock.lock(true); // the system frees it when the process ends, however that happens
  if (await ready()) return binding;
  const compiler = Deno.env.get("CXX") ?? "g++";
  await step("compile the native engine's binding", compiler, ["--version"], COMPILER_HINT);
  const python = await pythonWithPip();
  log(`Building the native engine (once): ${await wheelOf(list)} …`);
  for await (const { name } of Deno.readDir(cacheDir)) { // what killed builds left
    if (name.endsWith(".tmp")) await Deno.remove(join(cacheDir, name), { recursive: true });
  }
  const temporary = `${folder}.tmp`;
  await Deno.mkdir(temporary);
  try {
    if (variant === "cuda") await fetchCuda(python, temporary);
    else await fetchCpu(python, temporary, platform);
    await compile(compiler, temporary, platform);
    await Deno.rename(temporary, folder);
  } catch (error) {
    await Deno.remove(temporary, { recursive: true }).catch(() => {});
    throw error;
  }
  return binding;
}

/** What the processor can do: a folder may be shared by machines that differ. */
async function processor(): Promise<string> {
  const text = await Deno.readTextFile("/proc/cpuinfo").catch(() => "");
  return text.split("\n").find((line) => /^(flags|Features)\b/.test(line)) ?? "";
}

/** What a requirements file asks for, in words. */
async function wheelOf(list: string): Promise<string> {
  const lines = (await Deno.readTextFile(join(ROOT, list))).split("\n");
  const wheel = lines.find((line) => /^tensorflow/.test(line))?.split(" ")[0];
  return `fetching ${wheel} (${list.includes("cuda") ? "several GB" : "270 MB"}) and compiling`;
}
