// Records of epochs: any bytes are read as what changed, or refused; and what was read is written to the same again.
import type { Codec } from '../../../src/codec.ts';
import { changesOf, RecordWriter, type Changes } from '../../../src/engine/record.ts';
import { codecOf } from '../../../src/system/store.ts';
import { must, refusedWith, type Target, type Verdict } from '../target.ts';

const codec: Codec = codecOf([], 0x1_0000);

function record(write: (writer: RecordWriter) => void): Uint8Array {
  const writer = new RecordWriter(codec);
  write(writer);
  return writer.take().body;
}

export const records: Target = {
  name: 'record',
  first: [
    record(() => undefined),
    record((writer) => {
      writer.put('cells /a/w/t', '$ann', [0, { n: 1 }]);
      writer.put('cells /a/w/t', '#7', [0, 'x'.repeat(80)]);
      writer.delete('cells /a/w/t', '&9');
      writer.put('streams', '/a/s', [1, 2, 3, 4]);
    }),
    record((writer) => {
      writer.drop({ table: 'cells €', prefix: '' });
      writer.drop({ table: 'streams', prefix: '/a/' });
      writer.delete('timers', '1');
    }),
  ],
  words: [0, 1, 2, 3, 4, 0x40, 0xf8, 0xeb, 0xec].map((byte) => Uint8Array.of(byte)),
  room: (length) => 0x8000 + 64 * length,
  run: (bytes): Verdict => {
    let changes: Changes;
    try {
      changes = changesOf(codec, bytes, 'here');
    } catch (error) {
      return refusedWith(error, 'codec/');
    }
    for (const { value } of changes.rows) {
      if (value === undefined) continue;
      try {
        codec.decode(value);
      } catch (error) {
        refusedWith(error, 'codec/');
      }
    }
    const { drops, rows } = changesOf(codec, rewritten(changes), 'again');
    must(
      JSON.stringify(drops) === JSON.stringify(changes.drops),
      'the drops that were read are those written',
    );
    must(
      rows.length === changes.rows.length &&
        rows.every((row, i) => {
          const { table, key, value } = changes.rows[i] as (typeof rows)[number];
          return (
            row.table === table && row.key === key && (row.value === undefined) === (value === undefined)
          );
        }),
      'the rows that were read are those written',
    );
    return 'taken';
  },
};

function rewritten({ drops, rows }: Changes): Uint8Array {
  return record((writer) => {
    for (const drop of drops) writer.drop(drop);
    for (const { table, key, value } of rows) {
      if (value === undefined) writer.delete(table, key);
      else writer.put(table, key, value.slice());
    }
  });
}
