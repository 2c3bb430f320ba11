/** The trace of a run as a number: two runs that did the same have the same, and others almost never do. */
export class Trace {
  #a = 0x811c_9dc5;
  #b = 0x1234_5678;
  /** Is told each line. */
  onLine: ((line: string) => void) | undefined;

  number(value: number): void {
    this.#a = Math.imul(this.#a ^ (value | 0), 0x0100_0193);
    this.#b = Math.imul(this.#b ^ ((value | 0) + (this.#a >>> 7)), 0x85eb_ca6b);
  }

  text(line: string): void {
    this.onLine?.(line);
    for (let at = 0; at < line.length; at++) this.number(line.charCodeAt(at));
    this.number(-1);
  }

  get hash(): string {
    const word = (value: number): string => (value >>> 0).toString(16).padStart(8, '0');
    return word(this.#a) + word(this.#b);
  }
}
