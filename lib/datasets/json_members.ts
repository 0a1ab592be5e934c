/**
 * The members of a JSON object that may be larger than memory, as its bytes come.
 *
 * Only the outline is followed: strings, brackets, and the commas between members and between the items of a list.
 * What lies between is left to the engine's own parser a piece at a time, so that a list of a million items takes
 * the memory of a megabyte of them. (A tokenizer in TypeScript, such as `@streamparser/json`, takes six times as long
 * as that parser, and rounds ids.)
 *
 * @module
 */

/** What is wanted of a member: the items of its list as they come, its value as one, or nothing. */
export type Wanted = "items" | "whole" | "nothing";

/** Who is told of the members. */
export interface MemberHandlers {
  /** A member begins; `first` is the first character of its value. Where that is no list, items come as a whole. */
  onMember(key: string, first: string): Wanted;
  /** The text of some items, as a list, or of a whole value. */
  onText(key: string, text: string): void;
}

/** How much is held. */
export interface MemberLimits {
  /** Bytes of items after which they are given: 2^20 unless told. */
  piece?: number;
  /** Bytes of an item or a whole value at most, as text that never ends must not fill the memory: 2^28 unless told. */
  most?: number;
}

const QUOTE = 34, COMMA = 44, COLON = 58, BACKSLASH = 92;
const OPEN_LIST = 91, CLOSE_LIST = 93, OPEN_OBJECT = 123, CLOSE_OBJECT = 125;
const MARK = [0xef, 0xbb, 0xbf]; // a byte order mark

const isSpace = (byte: number) => byte === 32 || byte === 10 || byte === 13 || byte === 9;

/** Reads the members of a JSON object from its bytes, in pieces of any size. */
export class MemberReader {
  readonly #handlers: MemberHandlers;
  readonly #limits: Required<MemberLimits>;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  /** What may come next between members. */
  #next: "object" | "first key" | "key" | "value" | "comma" | "nothing" = "object";
  /** What is being read of a member. */
  #inside?: "key" | Wanted;
  #key = "";
  /** Brackets that are open within what is being read. */
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** Whether items were given, and a comma behind them. */
  #afterComma = false;
  /** Bytes before those that `write` is given. */
  #read = 0;
  #parts: Uint8Array[] = [];
  #kept = 0;

  /** Makes a reader; what a handler throws is thrown by `write`. */
  constructor(handlers: MemberHandlers, { piece = 2 ** 20, most = 2 ** 28 }: MemberLimits = {}) {
    this.#handlers = handlers;
    this.#limits = { piece, most };
  }

  /**
   * Takes the next bytes; the array may be used again afterwards.
   *
   * @throws {TypeError} when the text is not that of an object
   * @throws {SyntaxError} when the outline is not that of JSON
   */
  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#inside === undefined) at += this.#step(bytes[at], at);
      else at = this.#scan(bytes, at);
    }
    this.#read += bytes.length;
  }

  /**
   * Says that there are no more bytes.
   *
   * @throws {SyntaxError} when the object is not at its end
   */
  end(): void {
    if (this.#next !== "nothing") throw new SyntaxError("Unexpected end of JSON input");
  }

  #unexpected(byte: number, at: number): never {
    const sign = JSON.stringify(String.fromCharCode(byte));
    throw new SyntaxError(`Unexpected ${sign} at byte ${this.#read + at}`);
  }

  /** Takes a byte between members; returns 0 where it is the first of what is read next, else 1. */
  #step(byte: number, at: number): 0 | 1 {
    if (isSpace(byte)) return 1;
    if (this.#next === "object") {
      if (byte === MARK[this.#read + at]) return 1;
      if (/[-"0-9[fnt]/.test(String.fromCharCode(byte))) throw new TypeError("It is no object");
      if (byte >= 0xfe && this.#read + at === 0) throw new SyntaxError("It is UTF-16, not UTF-8");
      if (byte !== OPEN_OBJECT) this.#unexpected(byte, at);
      this.#next = "first key";
    } else if (this.#next === "value") {
      return this.#beginValue(byte, at);
    } else if (byte === QUOTE && this.#next.endsWith("key")) {
      this.#inside = "key";
      return 0;
    } else if (byte === CLOSE_OBJECT && (this.#next === "first key" || this.#next === "comma")) {
      this.#next = "nothing";
    } else if (byte === COMMA && this.#next === "comma") {
      this.#next = "key";
    } else this.#unexpected(byte, at);
    return 1;
  }

  #beginValue(byte: number, at: number): 0 | 1 {
    if ([COMMA, COLON, CLOSE_LIST, CLOSE_OBJECT].includes(byte)) this.#unexpected(byte, at);
    const wanted = this.#handlers.onMember(this.#key, String.fromCharCode(byte));
    const items = wanted === "items" && byte === OPEN_LIST;
    this.#inside = wanted === "items" && !items ? "whole" : wanted;
    this.#afterComma = false;
    return items ? 1 : 0;
  }

  /** Reads on in a key or a value; returns the place after what is read of it. */
  #scan(bytes: Uint8Array, from: number): number {
    const stop = this.#inside === "key" ? COLON : COMMA;
    const least = this.#inside === "items" ? from + this.#limits.piece - this.#kept : from;
    let depth = this.#depth, inString = this.#inString, escaped = this.#escaped, at = from;
    for (; at < bytes.length; at++) {
      const byte = bytes[at];
      if (inString) {
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) inString = false;
      } else if (byte === QUOTE) inString = true;
      else if (byte === OPEN_LIST || byte === OPEN_OBJECT) depth++;
      else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
        if (depth === 0) break;
        depth--;
      } else if (byte === stop && depth === 0 && at >= least) break;
    }
    this.#depth = depth, this.#inString = inString, this.#escaped = escaped;
    this.#keep(bytes.slice(from, at));
    return at < bytes.length ? at + this.#stop(bytes[at], at) : at;
  }

  /** Ends what is being read, or a piece of it; returns 1 where the byte belongs to it, else 0. */
  #stop(byte: number, at: number): 0 | 1 {
    const inside = this.#inside;
    if (inside === "items" && byte !== CLOSE_OBJECT) {
      this.#giveItems(byte === CLOSE_LIST);
      this.#afterComma = true;
      if (byte === COMMA) return 1;
    } else if (inside === "key" && byte === COLON) {
      const key: unknown = JSON.parse(this.#take());
      if (typeof key !== "string") this.#unexpected(byte, at);
      this.#key = key as string;
    } else if ((inside === "whole" || inside === "nothing") && byte !== CLOSE_LIST) {
      const text = this.#take();
      if (inside === "whole") this.#handlers.onText(this.#key, text);
    } else this.#unexpected(byte, at);
    this.#inside = undefined;
    this.#next = inside === "key" ? "value" : "comma";
    return inside === "items" || inside === "key" ? 1 : 0;
  }

  #giveItems(last: boolean): void {
    const text = this.#take();
    if (/[^ \n\r\t]/.test(text)) this.#handlers.onText(this.#key, `[${text}]`);
    else if (!last || this.#afterComma) throw new SyntaxError(`An item of ${this.#key} is missing`);
  }

  #keep(bytes: Uint8Array): void {
    if (this.#inside === "nothing") return;
    this.#kept += bytes.length;
    const { most } = this.#limits;
    if (this.#kept > most) {
      throw new SyntaxError(`A value is longer than ${most} bytes at byte ${this.#read}`);
    }
    this.#parts.push(bytes);
  }

  #take(): string {
    const text = this.#parts.map((part) => this.#decoder.decode(part, { stream: true })).join("");
    this.#parts = [];
    this.#kept = 0;
    return text + this.#decoder.decode();
  }
}
