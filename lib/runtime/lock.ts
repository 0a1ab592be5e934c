/**
 * One process at a time: a lock on a file, which the system gives up when its owner ends, however it ends.
 *
 * The lock is the system's (`flock`), not the file: a number of a process means nothing in another container, and is
 * given to another process later. What the file says of its owner is for people, and for disks that several machines
 * share without telling each other of their locks: there an owner counts as alive while it renews the file's time.
 *
 * @module
 */
import { hostname } from "node:os";
import { dirname } from "node:path";
import { naming } from "./files.ts";
import { operationSignal } from "./interrupt.ts";
import { notice } from "./notice.ts";
import { readProc } from "./proc.ts";
import type { ProgressOutput } from "./progress.ts";

/** Who holds a lock, as its file says. */
interface Owner {
  pid: number;
  /** Of the machine or container, where it may be known. */
  host?: string;
  /** Of the machine's running system, where it may be known: the same in all its containers. */
  boot?: string;
  /** In ISO 8601. */
  since: string;
}

/** Times in ms, to be shortened by tests alone. */
export interface LockTimes {
  /** Between two looks whether the lock is free (default 200). */
  poll?: number;
  /** Between two renewals (default 10,000). */
  renew?: number;
  /** An owner on another machine that did not renew for so long is gone (default 60,000). */
  gone?: number;
  /** A wait shorter than this is not told (default 2,000). */
  patience?: number;
}

/** Options of {@linkcode acquireLock}. */
export interface LockOptions extends LockTimes {
  /** What the owner does, as in "another process that trains in FOLDER": told while waiting. */
  doing: string;
  /** Ends the waiting with its reason. */
  signal?: AbortSignal;
  /** Where progress shows: `silent` says nothing. */
  output?: ProgressOutput;
}

/** What waiting needs to know. */
interface Waiting extends LockOptions {
  signal: AbortSignal;
  /** Says for whom, once the patience has come to its end. */
  tell: () => Promise<void>;
}

const BOOT_ID = "/proc/sys/kernel/random/boot_id";

function thisOwner(): Owner {
  const boot = readProc(BOOT_ID)?.trim();
  let host: string | undefined;
  try {
    host = hostname();
  } catch {
    // not permitted, which is no reason not to lock
  }
  return { pid: Deno.pid, host, boot, since: new Date().toISOString() };
}

/** Whether an owner runs on this machine, as far as can be known: then the lock would not be free if it lived. */
function isHere(owner: Owner, me: Owner): boolean {
  if (owner.boot && me.boot) return owner.boot === me.boot;
  return !owner.host || !me.host || owner.host === me.host;
}

/** What a lock's file says; nothing where it is empty or damaged. */
async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    const owner = JSON.parse(await Deno.readTextFile(path));
    return typeof owner?.pid === "number" ? owner : undefined;
  } catch {
    return undefined;
  }
}

/** Whether an open file still has its name: the owner before may have removed it. */
async function hasName(file: Deno.FsFile, path: string): Promise<boolean> {
  const [open, named] = [await file.stat(), await Deno.stat(path).catch(() => null)];
  return named !== null && named.ino === open.ino && named.dev === open.dev;
}

/** Waits until an owner on a machine that shares no locks with this one has ended, or renews no more. */
async function outlasts(
  file: Deno.FsFile,
  path: string,
  me: Owner,
  { gone = 60_000, poll = 200, signal, tell }: Waiting,
): Promise<void> {
  const owner = await readOwner(path);
  if (owner === undefined || isHere(owner, me)) return;
  let renewed = (await file.stat()).mtime?.getTime(), since = performance.now();
  while (performance.now() - since < gone) {
    signal.throwIfAborted();
    await tell();
    await new Promise((resolve) => setTimeout(resolve, poll));
    const { mtime } = await file.stat();
    if (mtime?.getTime() !== renewed) [renewed, since] = [mtime?.getTime(), performance.now()];
    if (!await hasName(file, path)) return; // it has ended
  }
}

/** Opens the file of a lock and locks it, if no other process has it. */
async function tryAcquire(
  path: string,
  me: Owner,
  options: Waiting,
): Promise<Deno.FsFile | undefined> {
  await Deno.mkdir(dirname(path), { recursive: true });
  const file = await Deno.open(path, { read: true, write: true, create: true });
  try {
    const locked = await file.tryLock(true).catch((error) => {
      notice(`${path} cannot be locked (${error.message}): run one process at a time here`);
      return true;
    });
    if (locked && await hasName(file, path)) {
      await outlasts(file, path, me, options);
      if (await hasName(file, path)) return file;
    }
  } catch (error) {
    file.close();
    throw error;
  }
  file.close();
}

/**
 * Takes a lock, after waiting until no other process has it; while it waits, it says for whom.
 *
 * @param path of the lock's file, made where there is none and removed in the end
 * @param options what to say, when to give up
 * @returns the lock, which is given up when it is disposed of
 * @throws the signal's reason when aborted; the system's error when the file cannot be made
 */
export async function acquireLock(path: string, options: LockOptions): Promise<Disposable> {
  const { doing, signal = operationSignal(), output, poll = 200, patience = 2000 } = options;
  const me = thisOwner(), begin = performance.now();
  let told = false;
  const tell = async () => {
    if (told || performance.now() - begin < patience) return;
    told = true;
    const owner = await readOwner(path);
    const who = owner
      ? `process ${owner.pid}${owner.host ? ` on ${owner.host}` : ""}`
      : "another process";
    notice(`waits for ${who}, which ${doing}${owner ? ` since ${owner.since}` : ""}`, output);
  };
  const waiting: Waiting = { ...options, signal, tell };
  let file: Deno.FsFile | undefined;
  while (!(file = await naming(path, () => tryAcquire(path, me, waiting)))) {
    signal.throwIfAborted();
    await tell();
    await new Promise((resolve) => setTimeout(resolve, poll));
  }
  return await holdLock(file, path, me, options);
}

/** Says who holds a lock, and that it is held, until it is given up. */
async function holdLock(
  file: Deno.FsFile,
  path: string,
  me: Owner,
  { renew = 10_000 }: LockOptions,
): Promise<Disposable> {
  try {
    await file.truncate();
    await naming(path, () => file.write(new TextEncoder().encode(JSON.stringify(me) + "\n")));
  } catch (error) {
    file.close();
    throw error;
  }
  const renewal = setInterval(() => {
    try {
      file.utimeSync(new Date(), new Date());
    } catch {
      // a disk that stalls is no reason to end the work
    }
  }, renew);
  Deno.unrefTimer(renewal);
  let held = true;
  return {
    [Symbol.dispose]() {
      if (!held) return;
      held = false;
      clearInterval(renewal);
      try {
        Deno.removeSync(path); // while it is locked: who waits looks whether it still has its name
      } catch {
        // a file too many does no harm
      }
      file.close();
    },
  };
}
