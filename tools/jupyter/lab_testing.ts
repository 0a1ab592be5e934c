/**
 * What the tests of JupyterLab share: a server as `deno task lab` starts it, in a world of its own.
 *
 * @module
 */
import { join } from "node:path";
import { ROOT } from "../project.ts";

/** A running server. */
export interface LabServer {
  /** Its address, with the token. */
  address: URL;
  /** An empty folder that it takes for the user's home. */
  home: string;
  /** A folder of its own for configuration, workspaces and what kernels write. */
  cacheDir: string;
  /** Ends it and its kernels, and removes its folders but `home`. */
  close(): Promise<void>;
}

/** Reads a server's log until it tells its address, and goes on reading so that it never blocks. */
function serverAddress(log: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<URL> {
  const { promise, resolve, reject } = Promise.withResolvers<URL>();
  (async () => {
    let text = "";
    for await (const piece of log.pipeThrough(new TextDecoderStream())) {
      text += piece;
      const address = text.match(/http:\/\/(?:localhost|127\.0\.0\.1):\d+\/lab\?token=\w+/);
      if (address) resolve(new URL(address[0]));
    }
    reject(new Error(`the server ended without telling its address:\n${text}`));
  })();
  return promise;
}

/** Waits until the server answers: it tells its address a moment before. */
async function answering(address: URL, tries = 100): Promise<void> {
  try {
    const response = await fetch(new URL(`/api/status${address.search}`, address));
    await response.body?.cancel();
  } catch (error) {
    if (tries === 0) throw error;
    await new Promise((resolve) => setTimeout(resolve, 100));
    await answering(address, tries - 1);
  }
}

/**
 * Starts JupyterLab by the task's own program, on a free port.
 *
 * @param args further arguments of the task
 * @returns the server, which answers
 */
export async function startLab(...args: string[]): Promise<LabServer> {
  const home = await Deno.makeTempDir(), cacheDir = await Deno.makeTempDir();
  const server = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      join(ROOT, "tools", "commands", "lab.ts"),
      "--no-browser",
      "--port",
      "0",
      ...args,
    ],
    env: { HOME: home, DETAILCLIP_CACHE: cacheDir },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const close = async () => {
    try {
      server.kill("SIGTERM");
    } catch { /* it has ended already */ }
    await server.status;
    await Deno.remove(cacheDir, { recursive: true });
  };
  try {
    const address = await serverAddress(server.stderr);
    address.hostname = "127.0.0.1"; // "localhost" may mean ::1, where nobody listens
    await answering(address);
    return { address, home, cacheDir, close };
  } catch (error) {
    await close();
    throw error;
  }
}
