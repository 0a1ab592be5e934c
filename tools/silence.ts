/**
 * How long a command leaves its user without a word: runs it on a pseudo-terminal (or a pipe), shows what it prints
 * with the seconds since its start, and fails when it is silent for too long.
 *
 *     deno run -A tools/silence.ts [--most SECONDS] [--pipe] -- COMMAND…
 *
 * It is a measurement, which depends on the machine and on what else runs there, and so no test.
 *
 * @module
 */
import { fail, helpOn, readOptions, UsageError } from "./commands/arguments.ts";

const USAGE = `Usage: deno run -A tools/silence.ts [--most SECONDS] [--pipe] -- COMMAND…
  --most SECONDS   the longest silence that passes (2)
  --pipe           on a pipe, as in a log, not on a terminal`;

/** A stretch without output. */
interface Gap {
  /** How long it lasted, in seconds. */
  seconds: number;
  /** When it began, in seconds from the start. */
  at: number;
  /** The last line before it. */
  after: string;
}

/** What a terminal shows of a line: what came after the last carriage return, without control sequences. */
function shownOf(line: string): string {
  // deno-lint-ignore no-control-regex
  const plain = line.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "");
  return plain.split("\r").filter(Boolean).at(-1) ?? "";
}

/** Runs a command and listens. */
async function listen(
  command: readonly string[],
  terminal: boolean,
): Promise<{ code: number; gaps: Gap[] }> {
  const quoted = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  const [program, ...args] = terminal
    ? ["script", "--quiet", "--flush", "--return", "--command", quoted, "/dev/null"]
    : ["sh", "-c", `exec ${quoted} 2>&1`];
  const child = new Deno.Command(program, { args, stdin: "null", stdout: "piped" }).spawn();
  const start = performance.now(), gaps: Gap[] = [];
  let last = 0, line = "", after = "(its start)";
  const note = () => {
    const at = (performance.now() - start) / 1000;
    gaps.push({ seconds: at - last, at: last, after });
    return last = at;
  };
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const at = note();
    const lines = (line + text).split(/\r?\n/);
    line = lines.pop()!;
    for (const whole of lines) console.log(`${at.toFixed(1).padStart(6)}  ${shownOf(whole)}`);
    after = shownOf(line) || shownOf(lines.findLast(Boolean) ?? "") || after;
  }
  const { code } = await child.status;
  note();
  return { code, gaps };
}

if (import.meta.main) {
  helpOn(USAGE);
  try {
    const { values, positionals } = readOptions({
      allowPositionals: true,
      options: {
        most: { type: "string", default: "2" },
        pipe: { type: "boolean", default: false },
      },
    });
    const most = Number(values.most);
    if (!(most > 0)) {
      throw new UsageError(`Cannot read --most: expected a positive number, got ${values.most}`);
    }
    if (positionals.length === 0) throw new UsageError("Cannot listen: there is no command");
    const { code, gaps } = await listen(positionals, !values.pipe);
    gaps.sort((a, b) => b.seconds - a.seconds);
    console.log(`\nthe longest silences, of a command that ended with ${code}:`);
    for (const { seconds, at, after } of gaps.slice(0, 5)) {
      console.log(
        `${seconds.toFixed(1).padStart(6)} s from ${at.toFixed(1)} s on, after: ${after}`,
      );
    }
    if (code !== 0) Deno.exit(code);
    if (gaps[0].seconds > most) {
      throw new Error(`It was silent for ${gaps[0].seconds.toFixed(1)} s, more than ${most} s`);
    }
  } catch (error) {
    fail(error, USAGE);
  }
}
