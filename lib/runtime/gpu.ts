/**
 * Which GPU there is, as far as this runtime can tell.
 *
 * @module
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A device that WebGPU computes on. */
export interface Adapter {
  /** Its name, as the driver says it. */
  name: string;
  /** Whether it computes on a processor: llvmpipe (lavapipe), SwiftShader, WARP. */
  software: boolean;
}

const SOFTWARE = /llvmpipe|lavapipe|swiftshader|software|basic render|cpu/i;

let adapter: Promise<GPUAdapter | null> | undefined;

/** Runs work with variables of the environment set where they are not; afterwards they are as before. */
export async function withEnv<T>(
  variables: Record<string, string>,
  work: () => Promise<T>,
): Promise<T> {
  const unset = Object.keys(variables).filter((name) => !Deno.env.get(name));
  for (const name of unset) Deno.env.set(name, variables[name]);
  try {
    return await work();
  } finally {
    for (const name of unset) Deno.env.delete(name);
  }
}

/**
 * Variables under which graphics drivers are loaded on Linux: without a folder, libraries that look for a display complain
 * on standard error.
 */
export const DRIVER_VARIABLES: Record<string, string> = Deno.build.os === "linux"
  ? { XDG_RUNTIME_DIR: "/tmp" }
  : {};

/** Asks the runtime for its fastest device, once. */
export function requestAdapter(): Promise<GPUAdapter | null> {
  // OpenGL is a slow second to Vulkan
  const vulkan = Deno.build.os === "linux" && { DENO_WEBGPU_BACKEND: "vulkan" };
  return adapter ??= withEnv<GPUAdapter | null>(
    { ...DRIVER_VARIABLES, ...vulkan },
    async () =>
      await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" }) ?? null,
  );
}

/** A device's name, as its driver says it. */
export const adapterName = ({ info }: GPUAdapter): string =>
  info.description || info.device || info.vendor;

/** Says which device WebGPU would compute on; undefined when there is none. */
export async function findAdapter(): Promise<Adapter | undefined> {
  const found = await requestAdapter();
  if (!found) return undefined;
  const name = adapterName(found);
  return { name, software: SOFTWARE.test(name) || found.info.isFallbackAdapter === true };
}

/** Vendors of the devices that virtual machines have for a screen: virtio, VMware, QEMU, Hyper-V, VirtualBox. */
const VIRTUAL_VENDORS = ["0x1af4", "0x15ad", "0x1234", "0x1414", "0x80ee"];

/** Whether the kernel knows a GPU, as far as can be told without its drivers. */
function kernelKnowsGpu(): boolean {
  if (existsSync("/dev/nvidiactl") || existsSync("/dev/dxg")) return true;
  const folder = "/sys/class/drm";
  if (!existsSync(folder)) return false;
  return readdirSync(folder).filter((name) => name.startsWith("renderD")).some((name) => {
    try {
      const vendor = readFileSync(join(folder, name, "device/vendor"), "utf8").trim();
      return !VIRTUAL_VENDORS.includes(vendor);
    } catch { // what is not on a PCI bus has no such file; a restricted task may not read it
      return true;
    }
  });
}

/**
 * Whether there is a GPU that is not made of software. On Linux no driver is loaded for that: one that brings LLVM would
 * keep libtensorflow from being loaded later.
 */
export async function hasGpu(): Promise<boolean> {
  if (Deno.build.os === "linux") return kernelKnowsGpu();
  const adapter = await findAdapter();
  return adapter !== undefined && !adapter.software;
}
