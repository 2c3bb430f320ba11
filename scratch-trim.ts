import { patched } from './test/journal/planted.ts';
import { SimulatedDisk } from './src/testing/simulated-disk.ts';
const make = await patched({ file: 'file-journal.ts',
  from: 'while ((this.#sealed[0]?.number ?? Infinity) < oldest) this.#sealed.shift();\n      await removeSegments(this.#disk, oldest);',
  to: 'while ((this.#sealed[0]?.end.seq ?? Infinity) < below) this.#sealed.shift();\n      await removeSegments(this.#disk, this.#sealed[0]?.number ?? this.#number);' });
let bad = 0;
for (let seed = 1; seed <= 40; seed++) {
  const options = { segmentBytes: 8192 + 300, preallocateBytes: 0 };
  const machine = new SimulatedDisk({ seed, slowness: 12 });
  const journal = make(machine.mount(), options);
  await journal.open('one');
  const record = (n: number, size: number) => new Uint8Array(size).fill(n);
  for (let seq = 1; seq <= 4; seq++) await journal.append(record(seq, 200));
  const appending = journal.append(record(5, 200));
  for (let wait = 3 * seed; wait > 0; wait--) await Promise.resolve();
  const trimming = journal.trim(5);
  await appending;
  for (let seq = 6; seq <= 8; seq++) await journal.append(record(seq, 200));
  await trimming;
  machine.kill();
  const next = make(machine.mount(), options);
  await next.open('two').catch((e) => { bad++; if (bad === 1) console.log(String(e)); });
}
console.log(bad, 'of 40');
