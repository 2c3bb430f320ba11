// Bugs as somebody could make them where bytes and texts are read, each as a small change of one source, and the target that
// has to find it.
import type { shares } from './shares.ts';

export interface Bug {
  readonly target: keyof typeof shares;
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const reader = 'src/bytes/reader.ts';
const writer = 'src/bytes/writer.ts';

export const bugs: Readonly<Record<string, Bug>> = {
  'what is no text throws an error of the platform': {
    target: 'record',
    file: reader,
    from: 'throw this.#damaged(describe(error), error);\n    }\n  }\n\n  #wide',
    to: 'throw error;\n    }\n  }\n\n  #wide',
  },
  'the key that means the prototype is taken': {
    target: 'decode',
    file: reader,
    from: "if (!whole || names.has('__proto__')) throw",
    to: 'if (!whole) throw',
  },
  'a length is believed': {
    target: 'decode',
    file: reader,
    from: 'this.#skip(2 * length);\n    const bytes = this.#bytes;\n    const units = new Uint16Array(length);',
    to: 'const bytes = this.#bytes;\n    const units = new Uint16Array(length);\n    this.#skip(2 * length);',
  },
  'depth is not looked at': {
    target: 'decode',
    file: reader,
    from: 'if (depth < maxDepth) return;',
    to: 'return;',
  },
  'what is remembered is found by its length': {
    target: 'decode',
    file: reader,
    from: 'if (known[i] !== bytes[start + i]) return false;',
    to: 'if (known[i] !== bytes[start + i]) return true;',
  },
  'minus zero is zero': {
    target: 'encode',
    file: writer,
    from: 'value === 0 && 1 / value > 0',
    to: 'value === 0',
  },
  'what was refused leaves its definitions': {
    target: 'encode',
    file: writer,
    from: '      this.rollback(start);\n      throw refusal(error, where);',
    to: '      this.#at = start;\n      throw refusal(error, where);',
  },
  'a mark is read unchecked': {
    target: 'journal',
    file: 'src/journal/highwater.ts',
    from: 'if (bytes.length < markBytes || !isSealed(bytes)) return undefined;',
    to: 'if (bytes.length < markBytes) return undefined;',
  },
  'a checksum ends early': {
    target: 'journal',
    file: 'src/journal/crc32.ts',
    from: 'let at = from;',
    to: 'let at = from;\n  to = Math.min(to, from + 64);',
  },
  'a block is read unchecked': {
    target: 'snapshot',
    file: 'src/state/snapshot-file.ts',
    from: 'if (words[4] !== checksum(body, 0, body.length, this.#index)) {',
    to: 'if (words[4] === -1 && body.length < 0) {',
  },
  'a hole is not filled up': {
    target: 'rows',
    file: 'src/state/packed-rows.ts',
    from: 'if (((next - home) & last) < ((next - hole) & last)) continue;',
    to: 'if (next >= 0) break;',
  },
  'two kinds may be taken for one': {
    target: 'names',
    file: 'actors/identity.ts',
    from: ".replaceAll('/', '~1')",
    to: '',
  },
  'a key is a path': {
    target: 'names',
    file: 'src/engine/record.ts',
    from: '? `$${key}`',
    to: "? `$${key.replaceAll('..', '.')}`",
  },
  'nobody misses what a log of LevelDB has lost': {
    target: 'level',
    file: 'src/node/level-state.ts',
    from: 'if (this.#batches < last) {',
    to: 'if (this.#batches < 0) {',
  },
  'a step of nothing': { target: 'cron', file: 'actors/cron.ts', from: '|| by < 1) throw', to: ') throw' },
};
