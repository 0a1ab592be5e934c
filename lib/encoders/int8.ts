/**
 * What int8 models are worth on a processor.
 *
 * @module
 */
import { readProc } from "../runtime/proc.ts";

/**
 * Whether a processor adds int8 products up in 16 bits, which saturate: x86 with AVX2 alone. With VNNI it does so in
 * 32 bits in one instruction, as ARM does.
 *
 * @param cpuinfo Linux's /proc/cpuinfo; without one nothing is known
 */
export function int8Saturates(cpuinfo: string | undefined): boolean {
  const flags = /^flags\s*:(.*)$/m.exec(cpuinfo ?? "")?.[1]; // ARM calls them features
  return flags !== undefined && !/\b(avx512_vnni|avx_vnni)\b/.test(flags);
}

/** The same of this machine. */
export function int8SaturatesHere(): boolean {
  return int8Saturates(readProc("/proc/cpuinfo"));
}
