/**
 * libtensorflow, taken from a Python wheel: two shared libraries and the headers of their C interface.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { sharedFolder } from "../../runtime/cache_dir.ts";
import { spawnChild } from "../../runtime/children.ts";
import { sha256 } from "../../runtime/files.ts";

/** Which libtensorflow: for processors alone, or with CUDA. */
export type EngineVariant = "cpu" | "cuda";

/** The project's root. */
const ROOT: string = join(import.meta.dirname!, "..", "..", "..");

const WHEEL_PYTHON = "3.11"; // what is in the wheel is the same for every Python; one wheel is pinned
const HEADERS = [
  ...["tensorflow/c/", "tensorflow/core/platform/", "tsl/platform/", "xla/tsl/c/"],
  "tensorflow/core/common_runtime/next_pluggable_device/c/",
];

/** What differs between the machines that the engine can be built on. */
export interface Platform {
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

/**
 * Finds the platform that this is.
 *
 * @returns its name and what differs on it
 * @throws {Error} when there is no libtensorflow for it
 */
export function findPlatform(): Platform & { name: string } {
  const name = `${Deno.build.os}-${Deno.build.arch}`;
  const platform = PLATFORMS[name];
  if (!platform) throw new Error(`Cannot build the native engine: no libtensorflow for ${name}`);
  return { name, ...platform };
}

/**
 * Runs a step of the building; its output is shown only when it fails.
 *
 * @param what what is attempted, for people
 * @param program what to start
 * @param args its arguments
 * @param hint what to do when it fails
 * @throws {Error} when the program is not there, or fails
 */
export async function step(
  what: string,
  program: string,
  args: string[],
  hint: string,
): Promise<string> {
  let result: Deno.CommandOutput;
  try {
    const env = {
      PIP_DISABLE_PIP_VERSION_CHECK: "1",
      PIP_NO_INPUT: "1",
      PIP_RETRIES: "2",
      PIP_CACHE_DIR: sharedFolder("pip"),
    };
    const options = { args, env, stdin: "null", stdout: "piped", stderr: "piped" } as const;
    result = await spawnChild(program, options).output();
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

/**
 * A Python that has pip: the one of the variable PYTHON, the project's own, the system's, or, as on Debian
 * the system's has none, one in an environment made here.
 */
async function pythonWithPip(cacheDir: string): Promise<string> {
  const own = join(ROOT, ".venv", "bin", "python");
  const hint = "Install Python 3 with venv, or set PYTHON to one with pip";
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
  const environment = join(cacheDir, "python");
  try {
    await step("make a Python environment", "python3", ["-m", "venv", environment], hint);
  } catch {
    throw problem;
  }
  return join(environment, "bin", "python");
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
    ...["-r", requirementsOf("cpu"), "-d", wheels],
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
    ...["-r", requirementsOf("cuda")],
  ];
  await step(
    "install TensorFlow with CUDA",
    python,
    install,
    "It needs PyPI and about 6 GB of disk",
  );
}

/** Where a variant of libtensorflow lies, and what it is fetched from. */
export interface LibraryPlace {
  /** Its folder: `tensorflow/` is in it. */
  folder: string;
  /** What pip fetches. */
  requirement: string;
}

/**
 * Says where a variant of libtensorflow lies, fetched or not.
 *
 * @param variant for processors alone, or with CUDA
 * @param cacheDir the folder of all engines
 * @returns the place, named by all that its content depends on
 */
export async function libraryPlace(
  variant: EngineVariant,
  cacheDir: string,
): Promise<LibraryPlace> {
  const text = await Deno.readTextFile(requirementsOf(variant));
  const lines = text.split("\n").filter((line) => line.startsWith("tensorflow"));
  const { name, libraries } = findPlatform();
  const parts = [name, WHEEL_PYTHON, libraries, HEADERS, lines];
  const key = sha256(JSON.stringify(parts)).slice(0, 12);
  return { folder: join(cacheDir, `${variant}-${key}`), requirement: lines[0].split(" ")[0] };
}

function requirementsOf(variant: EngineVariant): string {
  return join(import.meta.dirname!, `requirements-${variant}.txt`);
}

/**
 * Fetches libtensorflow into a temporary folder and renames it: it is there as a whole or not at all. One
 * process at a time.
 *
 * @param variant for processors alone, or with CUDA
 * @param folder where it goes
 * @throws {Error} when Python, pip or the wheel is missing; the message says which
 */
export async function fetchLibrary(variant: EngineVariant, folder: string): Promise<void> {
  const python = await pythonWithPip(dirname(folder));
  const temporary = `${folder}.tmp`;
  await Deno.remove(temporary, { recursive: true }).catch(() => {}); // what a killed process left
  await Deno.mkdir(temporary);
  try {
    if (variant === "cuda") await fetchCuda(python, temporary);
    else await fetchCpu(python, temporary, findPlatform());
    await Deno.rename(temporary, folder);
  } catch (error) {
    await Deno.remove(temporary, { recursive: true }).catch(() => {});
    throw error;
  }
}
