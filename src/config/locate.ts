/**
 * Finds the line of a key in a TOML text, so that an error of the schema can name it.
 *
 * The text has passed the TOML parser before: the scanner follows well-formed text and needs no
 * judgement of its own. Strings, brackets and comments are told apart; nothing is interpreted.
 *
 * @module
 */
export type KeyPath = readonly PropertyKey[];

/** A key: where it is mentioned first, and what is in it. */
class Place {
  readonly line: number;
  /** Elements seen so far, of an array of tables. */
  elements = 0;
  readonly #inside = new Map<string, Place>();

  constructor(line: number) {
    this.line = line;
  }

  find(key: PropertyKey): Place | undefined {
    return this.#inside.get(String(key));
  }

  /** What is there already keeps its line: so does a table that is opened twice. */
  enter(key: PropertyKey, line: number): Place {
    const place = this.find(key) ?? new Place(line);
    this.#inside.set(String(key), place);
    return place;
  }
}

/** Lines of a text's keys. A key that is absent has the line of the nearest table around it. */
export class Lines {
  readonly #root: Place;

  constructor(text: string) {
    this.#root = new Scanner(text).run();
  }

  of(path: KeyPath): number {
    let place = this.#root;
    for (const key of path) {
      const inside = place.find(key);
      if (inside === undefined) break;
      place = inside;
    }
    return place.line;
  }
}

class Scanner {
  readonly #text: string;
  readonly #root = new Place(1);
  #at = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  run(): Place {
    let table = this.#root;
    for (this.#skipBlank(); this.#at < this.#text.length; this.#skipBlank()) {
      if (this.#peek() === "[") table = this.#header();
      else this.#keyValue(table);
    }
    return this.#root;
  }

  /** `[a.b]` or `[[a.b]]`: each part that is an array of tables means its last element. */
  #header(): Place {
    const line = this.#line;
    const isArray = this.#text.startsWith("[[", this.#at);
    this.#take(isArray ? 2 : 1);
    const keys = this.#keys("]");
    this.#take(isArray ? 2 : 1);
    let place = this.#root;
    for (const [index, key] of keys.entries()) {
      place = place.enter(key, line);
      if (isArray && index === keys.length - 1) place = place.enter(place.elements++, line);
      else if (place.elements > 0) place = place.enter(place.elements - 1, line);
    }
    return place;
  }

  #keyValue(table: Place): void {
    const line = this.#line;
    let place = table;
    for (const key of this.#keys("=")) place = place.enter(key, line);
    this.#take(1);
    this.#skipBlank();
    this.#value(place);
  }

  #value(place: Place): void {
    const first = this.#peek();
    if (first === '"' || first === "'") this.#string();
    else if (first === "[") this.#array(place);
    else if (first === "{") this.#inlineTable(place);
    else this.#run(/[,\]}#\n]/);
  }

  #array(place: Place): void {
    this.#take(1);
    this.#skipBlank();
    for (let index = 0; this.#more("]"); index++) {
      this.#value(place.enter(index, this.#line));
      this.#separator();
    }
    this.#take(1);
  }

  #inlineTable(place: Place): void {
    this.#take(1);
    this.#skipBlank();
    while (this.#more("}")) {
      this.#keyValue(place);
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
}
