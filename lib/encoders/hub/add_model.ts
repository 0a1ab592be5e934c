/**
 * A download that people watch: what it brings and under which licence, how far it is.
 *
 * @module
 */
import { notice } from "../../runtime/notice.ts";
import { createProgress, type ProgressOutput } from "../../runtime/progress.ts";
import { type DownloadPlan, fetchModel, megabytes } from "./fetch_model.ts";
import { hubEndpoint, type HubOptions } from "./request.ts";

/** Options of {@linkcode addModel}. */
export interface AddModelOptions extends HubOptions {
  /** Where its progress shows. */
  output?: ProgressOutput;
}

/** A licence in words, with what it forbids. */
export function describeLicence(licence: string | undefined, base: readonly string[] = []): string {
  if (licence !== undefined) {
    const limited = /(^|[^a-z])(nc|non-?commercial|research|amlr)([^a-z]|$)/i.test(licence);
    return `licence ${licence}${limited ? " (NOT for commercial use)" : ""}`;
  }
  const origin = base.length > 0 ? `; see that of ${base.join(", ")}, from which it was made` : "";
  return `no licence named on its card${origin}`;
}

/** What is said before a download. */
export function describePlan({ id, licence, base, files, bytes, folder }: DownloadPlan): string {
  const bare = files.filter(({ sha256, blob }) => !sha256 && !blob).length;
  return `${id}: ${describeLicence(licence, base)} (${hubEndpoint()}/${id}); ${
    megabytes(bytes)
  } in ` +
    `${files.length} file${files.length === 1 ? "" : "s"}${
      bare > 0 ? `, ${bare} of them without a checksum,` : ""
    } to ${folder}`;
}

/**
 * Brings what a folder lacks of a model's files, with a line about licence and size before, and progress.
 *
 * @param id `owner/name`
 * @param wanted paths of the files that are needed
 * @param folder where they go
 * @throws {Error} as `fetchModel` does
 */
export async function addModel(
  id: string,
  wanted: readonly string[],
  folder: string,
  { output, ...options }: AddModelOptions,
): Promise<void> {
  let progress: ReturnType<typeof createProgress> | undefined;
  let outcome: "stopped" | undefined = "stopped";
  try {
    await fetchModel(id, wanted, folder, {
      ...options,
      onPlan(plan) {
        notice(describePlan(plan), output);
        const total = Math.round(plan.bytes / 1e6);
        progress = createProgress({ label: `Download ${id}`, total, unit: "MB", output });
      },
      onBytes: (bytes, file) => progress?.update(Math.round(bytes / 1e6), file),
    });
    outcome = undefined;
  } finally {
    await progress?.finish(outcome);
  }
}
