/**
 * Finds the line of a key in a TOML text, so that an error of the schema can name it.
 *
 * The text has passed the TOML parser before: the scanner follows well-formed text and needs no
 * judgement of its own. Strings, brackets and comments are told apart; nothing is interpreted.
 *
 * @module
 */
export type KeyPath = readonly PropertyKey[];

/** Lines of a text's keys. A key that is absent has the line of the nearest table around it. */
export class Lines {
  readonly #lines: ReadonlyMap<string, number>;

  constructor(text: string) {
    this.#lines = new Scanner(text).run();
  }

  of(path: KeyPath): number {
    for (let length = path.length; length > 0; length--) {
      const line = this.#lines.get(name(path.slice(0, length)));
      if (line !== undefined) return line;
    }
    return 1;
  }
}

function name(path: KeyPath): string {
  return JSON.stringify(path.map(String));
}

class Scanner {
  readonly #text: string;
  readonly #lines = new Map<string, number>();
  /** Elements seen so far of each array of tables. */
  readonly #counts = new Map<string, number>();
  #at = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  run(): ReadonlyMap<string, number> {
    let table: KeyPath = [];
    for (this.#skipBlank(); this.#at < this.#text.length; this.#skipBlank()) {
      if (this.#peek() === "[") table = this.#header();
      else this.#keyValue(table);
    }
    return this.#lines;
  }

  /** `[a.b]` or `[[a.b]]`: each part that is an array of tables means its last element. */
  #header(): KeyPath {
    const line = this.#line;
    const isArray = this.#text.startsWith("[[", this.#at);
    this.#take(isArray ? 2 : 1);
    const keys = this.#keys("]");
    this.#take(isArray ? 2 : 1);
    let path: KeyPath = [];
    for (const [index, key] of keys.entries()) {
      path = [...path, key];
      this.#note(path, line);
      const count = this.#counts.get(name(path)) ?? 0;
      if (isArray && index === keys.length - 1) {
        this.#counts.set(name(path), count + 1);
        path = [...path, count];
      } else if (count > 0) {
        path = [...path, count - 1];
      }
    }
    this.#note(path, line);
    return path;
  }

  #keyValue(table: KeyPath): void {
    let path = table;
    const line = this.#line;
    for (const key of this.#keys("=")) {
      path = [...path, key];
      this.#note(path, line);
    }
    this.#take(1);
    this.#skipBlank();
    this.#value(path);
  }

  #value(path: KeyPath): void {
    const first = this.#peek();
    if (first === '"' || first === "'") this.#string();
    else if (first === "[") this.#array(path);
    else if (first === "{") this.#inlineTable(path);
    else this.#run(/[,\]}#\n]/);
  }

  #array(path: KeyPath): void {
    this.#take(1);
    this.#skipBlank();
    for (let index = 0; this.#more("]"); index++) {
      this.#note([...path, index], this.#line);
      this.#value([...path, index]);
      this.#separator();
    }
    this.#take(1);
  }

  #inlineTable(path: KeyPath): void {
    this.#take(1);
    this.#skipBlank();
    while (this.#more("}")) {
      this.#keyValue(path);
      this.#separator();
    }
    this.#take(1);
  }

  #keys(end: string): string[] {
    const keys: string[] = [];
    for (this.#skipBlank(); this.#more(end); this.#skipBlank()) {
      const quote = this.#peek();
      if (quote === ".") this.#take(1);
      else if (quote === '"' || quote === "'") keys.push(this.#string());
      else keys.push(this.#bareKey());
    }
    return keys;
  }

  #bareKey(): string {
    const start = this.#at;
    this.#run(/[\s.=\]]/);
    return this.#text.slice(start, this.#at);
  }

  /** Content between the quotes; escapes stay as written, which is enough for names of keys. */
  #string(): string {
    const quote = this.#peek();
    const isLong = this.#text.startsWith(quote.repeat(3), this.#at);
    const fence = isLong ? quote.repeat(3) : quote;
    this.#take(fence.length);
    const start = this.#at;
    while (this.#peek() !== "" && !this.#text.startsWith(fence, this.#at)) {
      this.#take(quote === '"' && this.#peek() === "\\" ? 2 : 1);
    }
    const content = this.#text.slice(start, this.#at);
    this.#take(fence.length);
    // A multi-line string may end in one or two quotes of its own.
    if (isLong) while (this.#peek() === quote) this.#take(1);
    return content;
  }

  /** Goes on to a character of `stop`, by one at least, so that no loop stands still. */
  #run(stop: RegExp): void {
    do this.#take(1);
    while (this.#peek() !== "" && !stop.test(this.#peek()));
  }

  #separator(): void {
    this.#skipBlank();
    if (this.#peek() === ",") this.#take(1);
    this.#skipBlank();
  }

  #skipBlank(): void {
    while (/[\s#]/.test(this.#peek())) {
      if (this.#peek() === "#") while (this.#more("\n")) this.#take(1);
      else this.#take(1);
    }
  }

  #more(end: string): boolean {
    return this.#at < this.#text.length && this.#peek() !== end;
  }

  #peek(): string {
    return this.#text.charAt(this.#at);
  }

  #take(count: number): void {
    const end = Math.min(this.#at + count, this.#text.length);
    for (; this.#at < end; this.#at++) if (this.#peek() === "\n") this.#line++;
  }

  /** The first mention of a key is its line; a table that is opened twice keeps the first. */
  #note(path: KeyPath, line: number): void {
    if (!this.#lines.has(name(path))) this.#lines.set(name(path), line);
  }
}
