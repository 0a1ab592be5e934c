/**
 * Icon sets that are not part of the workspace's install: each folder of `icon_sets/` has packages, pins and a lock
 * of its own, and Deno installs them there when a family of theirs is first drawn.
 *
 * @module
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { spawnChild } from "../../runtime/children.ts";

/** The folder and the package of a family. */
const PACKAGES = {
  noto: ["noto", "@iconify-json/noto"],
  "fluent-flat": ["training", "@iconify-json/fluent-emoji-flat"],
  twemoji: ["training", "@iconify-json/twemoji"],
  fxemoji: ["training", "@iconify-json/fxemoji"],
} as const;

/** A family whose drawings are an Iconify icon set. */
export type IconFamily = keyof typeof PACKAGES;

/** Where the files of a family's icon set are. */
export type FindIconFile = (file: "icons.json" | "chars.json") => string;

/**
 * Makes sure that a family's package is installed; a tenth of a second when it is.
 *
 * @param family the family
 * @param root the folder that holds the folders of packages
 * @returns a function from a file's name to its path
 * @throws {Error} when the package cannot be installed, as without a network
 */
export async function openIconSet(
  family: IconFamily,
  root: string = join(import.meta.dirname!, "icon_sets"),
): Promise<FindIconFile> {
  const [folder, name] = PACKAGES[family];
  const cwd = join(root, folder);
  const { success, stderr } = await spawnChild(Deno.execPath(), {
    args: ["install", "--frozen", "--quiet"],
    cwd,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) {
    const why = new TextDecoder().decode(stderr).split("\n\nStack backtrace")[0]
      .replace(/^error: /, "").replaceAll(/\s+/g, " ");
    throw new Error(
      `Cannot draw family ${family}: ${name}, which is fetched at first use, could not be installed: ${why}`,
    );
  }
  const { resolve } = createRequire(join(cwd, "deno.json"));
  return (file) => resolve(`${name}/${file}`);
}
