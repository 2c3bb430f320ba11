/**
 * Rows in memory, packed: they lie one behind the other in pages, and an index of plain integers says where. A million
 * rows are a few hundred objects, which the garbage collector does not mind.
 *
 * P1. A row is never changed where it lies, and what lies behind it is not moved: bytes given out remain as they are, and
 *     so does what was captured.
 * P2. A row is live if the index names its place. Of every key at most one row is.
 * P3. A row is dirty if it lies at or beyond the clean mark of its page: it is in no checkpoint yet. Deletions are rows
 *     too, as long as they are dirty.
 * P4. Of a page that is full, at least half is live; else its live rows move to another.
 *
 * A row is four words (hash of the key, number of the table and width of the key, bytes of the key, bytes of the value or
 * -1 for a deletion), then the key with one byte a character if they all fit, else with two, then the value, and then
 * what is missing to a whole word. Words have their low byte first, as on all that runs JavaScript today.
 */
import { invariant } from '../errors.ts';
import { mixed } from './checksum.ts';
import type { Row } from './state.ts';

/** The rows of one moment, whatever happens afterwards. */
export interface Captured {
  /** Every second word, from the second on, is a place or 0. */
  readonly places: readonly Int32Array[];
  readonly pages: readonly (Page | undefined)[];
  /** How many tables there were. */
  readonly tables: number;
  readonly marks: readonly { readonly page: Page; readonly used: number; readonly deletions: number }[];
}

/** A place to which rows are appended. */
interface Page {
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  used: number;
  /** Bytes of live rows and of dirty deletions. */
  live: number;
  /** P3. */
  clean: number;
  /** Bytes of dirty deletions. */
  deletions: number;
  /** It is to be emptied, or was. */
  leaving: boolean;
}

interface Table {
  readonly name: string;
  readonly number: number;
  /** Open addressing: a hash and a place by turns; place 0 is free. */
  slots: Int32Array;
  count: number;
}

/** Rows of up to this size share pages. No page that is shared is larger. */
export const pageBytes = 0x4_0000;

/** What every row takes at least. */
export const headBytes = 16;
const smallestPage = 0x1000;
const pagesAtMost = 0x1_0000;
const deletion = -1;
const fewestSlots = 8;
/** The clean mark of a page on which nothing is ever dirty. */
const allClean = 0x7fff_ffff;

export class PackedRows {
  readonly #tables = new Map<string, Table>();
  readonly #byNumber: Table[] = [];
  /** Page 0 is none, so that place 0 is none. */
  readonly #pages: (Page | undefined)[] = [undefined];
  readonly #free: number[] = [];
  readonly #leaving: Page[] = [];
  /** Where rows go that are dirty, and those that were moved and are not. */
  #tail: Page | undefined;
  #cleanTail: Page | undefined;
  /** Of the key that was looked at last. */
  #hash = 0;
  #wide = 0;

  read(table: string, key: string): Uint8Array | undefined {
    const found = this.#tables.get(table);
    if (found === undefined) return undefined;
    this.#look(key);
    const place = found.slots[this.#find(found, key) + 1] as number;
    return place === 0 ? undefined : valueAt(this.#pageOf(place), offsetOf(place));
  }

  put(table: string, key: string, value: Uint8Array): void {
    const into = this.#tables.get(table) ?? this.define(table, 0);
    this.#look(key);
    const place = this.#write(into, key, value);
    this.#name(into, this.#find(into, key), place);
  }

  delete(table: string, key: string): void {
    const from = this.#tables.get(table);
    if (from === undefined) return;
    this.#look(key);
    const slot = this.#find(from, key);
    if (from.slots[slot + 1] === 0) return;
    const page = this.#pageOf(this.#write(from, key, undefined));
    // Whoever wrote a row is the last on its page.
    page.deletions += headBytes + padded(keyBytes(key, this.#wide));
    this.#forget(from, slot);
  }

  tables(): readonly string[] {
    return this.#byNumber
      .filter(({ count }) => count > 0)
      .map(({ name }) => name)
      .sort();
  }

  /** The rows of a table in the order of their keys. */
  *scan(table: string): Generator<readonly [key: string, value: Uint8Array]> {
    const slots = this.#tables.get(table)?.slots ?? new Int32Array(0);
    const pages = this.#pages.slice();
    const rows: { readonly key: string; readonly page: Page; readonly at: number }[] = [];
    for (let slot = 1; slot < slots.length; slot += 2) {
      const place = slots[slot] as number;
      if (place === 0) continue;
      const page = pageOf(pages, place);
      rows.push({ key: keyAt(page, offsetOf(place)), page, at: offsetOf(place) });
    }
    rows.sort((a, b) => (a.key < b.key ? -1 : 1));
    for (const { key, page, at } of rows) yield [key, valueAt(page, at)];
  }

  /** Gives pages back that hardly anything is left of. To be called when rows were changed. */
  tidy(): void {
    for (let page = this.#leaving.pop(); page !== undefined; page = this.#leaving.pop()) this.#empty(page);
  }

  /** The names of the tables from a number on, each with how many rows it has. */
  *named(from: number, to: number): Generator<readonly [name: string, count: number]> {
    for (const { name, count } of this.#byNumber.slice(from, to)) yield [name, count];
  }

  /** How many bytes a capture of what is dirty would have at most. */
  get dirtyBytes(): number {
    let bytes = 0;
    for (const page of this.#pages) {
      if (page !== undefined && page.clean < page.used) bytes += page.used - page.clean;
    }
    return bytes;
  }

  /** All rows. The index is copied, which takes milliseconds for a million rows; the rows are not. */
  captureAll(): Captured {
    return this.#capture(this.#byNumber.map(({ slots }) => slots.slice()));
  }

  /** The dirty rows and deletions. */
  captureDirty(): Captured {
    const places: number[] = [];
    for (const page of this.#pages) {
      if (page === undefined) continue;
      for (let at = page.clean; at < page.used; at += sizeAt(page, at)) {
        const place = placeOf(page, at);
        if (this.#counts(page, at, place)) places.push(0, place);
      }
    }
    return this.#capture([Int32Array.from(places)]);
  }

  /** What was captured is in a checkpoint now. */
  settle({ marks }: Captured): void {
    for (const { page, used, deletions } of marks) {
      page.clean = Math.max(page.clean, used);
      page.deletions -= deletions;
      page.live -= deletions;
      this.#weigh(page);
    }
    this.tidy();
  }

  /** Makes a table, with room for so many rows. Its number is the next one. */
  define(name: string, count: number): Table {
    const table = {
      name,
      number: this.#byNumber.length,
      slots: new Int32Array(2 * slotsFor(count)),
      count: 0,
    };
    this.#tables.set(name, table);
    this.#byNumber.push(table);
    return table;
  }

  /** How many bytes the pages and the index take. */
  get bytes(): number {
    const pages = this.#pages.reduce((sum, page) => sum + (page?.bytes.length ?? 0), 0);
    return this.#byNumber.reduce((sum, { slots }) => sum + 4 * slots.length, pages);
  }

  /** How many rows there are. */
  get count(): number {
    return this.#byNumber.reduce((sum, { count }) => sum + count, 0);
  }

  /** How many tables there are, with rows or without. */
  get defined(): number {
    return this.#byNumber.length;
  }

  /**
   * Takes over bytes that hold rows, as `copiesOf` gives them. They are clean, and replace what was there. False if they are
   * not rows.
   */
  adopt(bytes: Uint8Array): boolean {
    const page = this.#addPage(bytes, bytes.length);
    page.clean = allClean;
    let at = 0;
    while (at + headBytes <= bytes.length) {
      const table = this.#byNumber[tableAt(page, at)];
      const key = keyLengthAt(page, at);
      const value = valueLengthAt(page, at);
      if (table === undefined || at >= pageBytes) return false;
      if (key < 0 || key > bytes.length || value < deletion || value > bytes.length) return false;
      const size = sizeAt(page, at);
      if (at + size > bytes.length) return false;
      this.#hash = hashAt(page, at);
      const slot = this.#findSame(table, page, at);
      if (value !== deletion) {
        page.live += size;
        this.#name(table, slot, placeOf(page, at));
      } else if (table.slots[slot + 1] !== 0) this.#forget(table, slot);
      at += size;
    }
    this.#weigh(page);
    return at === bytes.length;
  }

  // Places

  #pageOf(place: number): Page {
    return pageOf(this.#pages, place);
  }

  #addPage(bytes: Uint8Array, used: number): Page {
    const number = this.#free.pop() ?? this.#pages.length;
    invariant(number < pagesAtMost, 'packedRows', 'the rows fit into the pages that can be numbered');
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
    const page = { number, bytes, words, used, live: 0, clean: 0, deletions: 0, leaving: false };
    this.#pages[number] = page;
    return page;
  }

  /** A page with room for a row, for dirty ones or for clean ones. */
  #roomFor(size: number, clean: boolean): Page {
    const tail = clean ? this.#cleanTail : this.#tail;
    if (tail !== undefined && tail.used + size <= tail.bytes.length) return tail;
    // What is large gets a page of its own, so that little is left unused at the end of others.
    const alone = size > pageBytes >> 2;
    const usual = tail === undefined ? smallestPage : Math.min(pageBytes, 2 * tail.bytes.length);
    const page = this.#addPage(new Uint8Array(alone ? size : Math.max(usual, smallestFor(size))), 0);
    if (clean) page.clean = allClean;
    if (alone) return page;
    if (clean) this.#cleanTail = page;
    else this.#tail = page;
    if (tail !== undefined) this.#weigh(tail);
    return page;
  }

  /** P4. */
  #weigh(page: Page): void {
    if (page.leaving || page === this.#tail || page === this.#cleanTail || 2 * page.live >= page.used) return;
    page.leaving = true;
    this.#leaving.push(page);
  }

  #empty(page: Page): void {
    for (let at = 0; at < page.used && page.live > 0; at += sizeAt(page, at)) {
      const place = placeOf(page, at);
      if (!this.#counts(page, at, place)) continue;
      const size = sizeAt(page, at);
      const to = this.#roomFor(size, at < page.clean);
      to.bytes.set(page.bytes.subarray(at, at + size), to.used);
      const moved = placeOf(to, to.used);
      to.used += size;
      to.live += size;
      page.live -= size;
      if (valueLengthAt(page, at) === deletion) to.deletions += size;
      else {
        const table = this.#byNumber[tableAt(page, at)] as Table;
        table.slots[this.#slotOf(table, hashAt(page, at), place) + 1] = moved;
      }
    }
    this.#pages[page.number] = undefined;
    this.#free.push(page.number);
  }

  /** Whether a row is live, or a deletion that nothing has followed. */
  #counts(page: Page, at: number, place: number): boolean {
    const table = this.#byNumber[tableAt(page, at)] as Table;
    if (valueLengthAt(page, at) !== deletion) return this.#slotOf(table, hashAt(page, at), place) >= 0;
    if (at < page.clean) return false;
    this.#hash = hashAt(page, at);
    return table.slots[this.#findSame(table, page, at) + 1] === 0;
  }

  #capture(places: readonly Int32Array[]): Captured {
    const marks = [];
    for (const page of this.#pages) {
      if (page !== undefined) marks.push({ page, used: page.used, deletions: page.deletions });
    }
    return { places, pages: this.#pages.slice(), tables: this.#byNumber.length, marks };
  }

  // Rows

  /** Hash and width of a key. */
  #look(key: string): void {
    let hash = 0x811c9dc5 | 0;
    let all = 0;
    for (let i = 0; i < key.length; i++) {
      const unit = key.charCodeAt(i);
      all |= unit;
      hash = Math.imul(hash ^ unit, 0x01000193);
    }
    this.#hash = mixed(hash);
    this.#wide = all > 0xff ? 1 : 0;
  }

  /** Writes a row of the key that was looked at; its place. */
  #write(table: Table, key: string, value: Uint8Array | undefined): number {
    const wide = this.#wide;
    const keyLength = keyBytes(key, wide);
    const size = headBytes + padded(keyLength + (value?.length ?? 0));
    const page = this.#roomFor(size, false);
    const { bytes, words, used } = page;
    const word = used >> 2;
    words[word] = this.#hash;
    words[word + 1] = (table.number << 1) | wide;
    words[word + 2] = keyLength;
    words[word + 3] = value?.length ?? deletion;
    let at = used + headBytes;
    for (let i = 0; i < key.length; i++) {
      const unit = key.charCodeAt(i);
      bytes[at++] = unit;
      if (wide === 1) bytes[at++] = unit >> 8;
    }
    if (value !== undefined) bytes.set(value, at);
    page.used += size;
    page.live += size;
    return placeOf(page, used);
  }

  // Slots

  /** The slot of the key that was looked at, or the free one where it belongs. */
  #find(table: Table, key: string): number {
    const { slots } = table;
    const last = slots.length - 1;
    const hash = this.#hash;
    for (let slot = (hash << 1) & last; ; slot = (slot + 2) & last) {
      const place = slots[slot + 1] as number;
      if (place === 0) return slot;
      if (slots[slot] === hash && isKeyAt(this.#pageOf(place), offsetOf(place), key)) return slot;
    }
  }

  /** The same for the key of a row. */
  #findSame(table: Table, page: Page, at: number): number {
    const { slots } = table;
    const last = slots.length - 1;
    const hash = this.#hash;
    for (let slot = (hash << 1) & last; ; slot = (slot + 2) & last) {
      const place = slots[slot + 1] as number;
      if (place === 0) return slot;
      if (slots[slot] === hash && isSameKey(this.#pageOf(place), offsetOf(place), page, at)) return slot;
    }
  }

  /** The slot that names a place, or -1. */
  #slotOf({ slots }: Table, hash: number, place: number): number {
    const last = slots.length - 1;
    for (let slot = (hash << 1) & last; ; slot = (slot + 2) & last) {
      if (slots[slot + 1] === place) return slot;
      if (slots[slot + 1] === 0) return -1;
    }
  }

  /** P2. From now on a slot names this place. */
  #name(table: Table, slot: number, place: number): void {
    const before = table.slots[slot + 1] as number;
    table.slots[slot] = this.#hash;
    table.slots[slot + 1] = place;
    if (before !== 0) this.#retire(before);
    else if (3 * ++table.count > table.slots.length) spread(table);
  }

  /** P2. From now on a slot names nothing. Those behind it move up, so that they are still found. */
  #forget(table: Table, slot: number): void {
    const { slots } = table;
    const last = slots.length - 1;
    this.#retire(slots[slot + 1] as number);
    let hole = slot;
    for (let next = (slot + 2) & last; slots[next + 1] !== 0; next = (next + 2) & last) {
      const home = ((slots[next] as number) << 1) & last;
      if (((next - home) & last) < ((next - hole) & last)) continue;
      slots[hole] = slots[next] as number;
      slots[hole + 1] = slots[next + 1] as number;
      hole = next;
    }
    slots[hole + 1] = 0;
    table.count--;
    if (24 * table.count < slots.length && slots.length > 2 * fewestSlots) spread(table);
  }

  #retire(place: number): void {
    const page = this.#pageOf(place);
    page.live -= sizeAt(page, offsetOf(place));
    this.#weigh(page);
  }
}

/** What was captured, packed into pieces of at most `pageBytes` if rows are that small. Each is to be used at once. */
export function* copiesOf({ places, pages }: Captured): Generator<Uint8Array> {
  const piece = new Uint8Array(pageBytes);
  let used = 0;
  for (const slots of places) {
    for (let slot = 1; slot < slots.length; slot += 2) {
      const place = slots[slot] as number;
      if (place === 0) continue;
      const page = pageOf(pages, place);
      const at = offsetOf(place);
      const row = page.bytes.subarray(at, at + sizeAt(page, at));
      if (used + row.length > pageBytes) {
        if (used > 0) yield piece.subarray(0, used);
        used = 0;
      }
      if (row.length > pageBytes) yield row;
      else {
        piece.set(row, used);
        used += row.length;
      }
    }
  }
  if (used > 0) yield piece.subarray(0, used);
}

/** What was captured, row by row. */
export function* rowsOf({ places, pages }: Captured, tables: readonly string[]): Generator<Row> {
  for (const slots of places) {
    for (let slot = 1; slot < slots.length; slot += 2) {
      const place = slots[slot] as number;
      if (place === 0) continue;
      const page = pageOf(pages, place);
      const at = offsetOf(place);
      const value = valueLengthAt(page, at) === deletion ? undefined : valueAt(page, at);
      yield { table: tables[tableAt(page, at)] as string, key: keyAt(page, at), value };
    }
  }
}

/** How many slots so many rows need: a power of two, so that at least a third of them is free. */
function slotsFor(count: number): number {
  let slots = fewestSlots;
  while (2 * slots < 3 * count) slots *= 2;
  return slots;
}

/** Gives the slots of a table the number that fits. */
function spread(table: Table): void {
  const from = table.slots;
  const to = new Int32Array(2 * slotsFor(table.count));
  const last = to.length - 1;
  for (let slot = 0; slot < from.length; slot += 2) {
    if (from[slot + 1] === 0) continue;
    let at = ((from[slot] as number) << 1) & last;
    while (to[at + 1] !== 0) at = (at + 2) & last;
    to[at] = from[slot] as number;
    to[at + 1] = from[slot + 1] as number;
  }
  table.slots = to;
}

function smallestFor(size: number): number {
  let bytes = smallestPage;
  while (bytes < size) bytes *= 2;
  return bytes;
}

// A place is the number of a page and the word in it where a row begins.

function placeOf(page: Page, at: number): number {
  return (page.number << 16) | (at >> 2);
}

function pageOf(pages: readonly (Page | undefined)[], place: number): Page {
  return pages[place >>> 16] as Page;
}

function offsetOf(place: number): number {
  return (place & 0xffff) << 2;
}

// What is where in a row.

function hashAt(page: Page, at: number): number {
  return page.words[at >> 2] as number;
}

function tableAt(page: Page, at: number): number {
  return (page.words[(at >> 2) + 1] as number) >>> 1;
}

function isWideAt(page: Page, at: number): boolean {
  return ((page.words[(at >> 2) + 1] as number) & 1) === 1;
}

function keyLengthAt(page: Page, at: number): number {
  return page.words[(at >> 2) + 2] as number;
}

function valueLengthAt(page: Page, at: number): number {
  return page.words[(at >> 2) + 3] as number;
}

function sizeAt(page: Page, at: number): number {
  return headBytes + padded(keyLengthAt(page, at) + Math.max(0, valueLengthAt(page, at)));
}

function valueAt(page: Page, at: number): Uint8Array {
  const { buffer, byteOffset } = page.bytes;
  return new Uint8Array(buffer, byteOffset + at + headBytes + keyLengthAt(page, at), valueLengthAt(page, at));
}

function keyAt(page: Page, at: number): string {
  return textOf(page.bytes, at + headBytes, keyLengthAt(page, at), isWideAt(page, at));
}

function isKeyAt(page: Page, at: number, key: string): boolean {
  const wide = isWideAt(page, at);
  if (keyLengthAt(page, at) !== (wide ? 2 * key.length : key.length)) return false;
  const { bytes } = page;
  let byte = at + headBytes;
  if (wide) {
    for (let i = 0; i < key.length; i++, byte += 2) {
      if (((bytes[byte] as number) | ((bytes[byte + 1] as number) << 8)) !== key.charCodeAt(i)) return false;
    }
  } else {
    for (let i = 0; i < key.length; i++) if (bytes[byte++] !== key.charCodeAt(i)) return false;
  }
  return true;
}

function isSameKey(page: Page, at: number, other: Page, there: number): boolean {
  const length = keyLengthAt(page, at);
  if (length !== keyLengthAt(other, there) || isWideAt(page, at) !== isWideAt(other, there)) return false;
  const [bytes, others] = [page.bytes, other.bytes];
  for (let i = headBytes; i < headBytes + length; i++) {
    if (bytes[at + i] !== others[there + i]) return false;
  }
  return true;
}

/** The bytes of a text: one a character, or two if it is wide. */
export function keyBytes(text: string, wide: number): number {
  return text.length << wide;
}

/** Up to whole words. */
export function padded(bytes: number): number {
  return (bytes + 3) & ~3;
}

/** Reads a text. */
export function textOf(bytes: Uint8Array, from: number, length: number, wide: boolean): string {
  const to = from + length;
  let text = '';
  for (let at = from; at < to;) {
    const units: number[] = [];
    for (; at < to && units.length < 1024; at += wide ? 2 : 1) {
      units.push(wide ? (bytes[at] as number) | ((bytes[at + 1] as number) << 8) : (bytes[at] as number));
    }
    text += String.fromCharCode(...units);
  }
  return text;
}
