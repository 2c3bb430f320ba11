// Bugs as somebody could make them, each as a small change of one source. Each is found by the simulation, but for those that
// say why they change nothing that anybody could see.

/** A change of a source. */
export interface Change {
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Further places that have to change, and what they become. */
  readonly also?: readonly (readonly [from: string, to: string])[];
  /** A seed that finds it, or one shortly before. */
  readonly seed?: number;
  /** Why nobody can see it: an equivalent. */
  readonly equivalent?: string;
}

const cut = 'src/engine/cut.ts';
const epoch = 'src/engine/epoch.ts';
const pending = 'src/engine/pending.ts';
const recover = 'src/engine/recover.ts';
const journal = 'src/journal/file-journal.ts';
const takeover = 'src/journal/takeover.ts';
const snapshot = 'src/state/snapshot-state.ts';
const running = 'src/system/running.ts';
/** Whatever can be, is a disk that does less than it should. */
const disk = 'src/testing/simulation/process.ts';

export const bugs: Readonly<Record<string, Change>> = {
  // The disk, on behalf of a product that forgets something.
  'nothing is synced': {
    seed: 1,
    file: disk,
    from: "sync: () => op('sync', name, () => file.sync()),",
    to: 'sync: () => Promise.resolve(),',
  },
  'no directory is synced': {
    seed: 1,
    file: disk,
    from: "syncNames: () => op('syncNames', '', () => folder.syncNames()),",
    to: 'syncNames: () => Promise.resolve(),',
  },
  'a failed sync is tried again': {
    seed: 4031,
    file: disk,
    from: "sync: () => op('sync', name, () => file.sync()),",
    to: "sync: () => op('sync', name, () => file.sync()).catch(() => op('sync', name, () => file.sync())),",
  },
  'no tail is cut': {
    file: disk,
    from: "truncate: (length) => op('truncate', name, () => file.truncate(length)),",
    to: 'truncate: () => Promise.resolve(),',
    equivalent:
      'the engine appends one record at a time, and the same again if there was no room; test/journal finds it where several are under way',
  },
  'nobody looks for a newer owner': {
    seed: 4002,
    file: disk,
    from: 'exists: (name) => folder.exists(name),',
    to: 'exists: () => false,',
    also: [['linked: () => file.linked(),', 'linked: () => true,']],
  },

  // The journal.
  'a record is acknowledged before it is synced': {
    seed: 1,
    file: journal,
    from: 'await this.#sync(file);\n    // W2.',
    to: '',
  },
  'a trim takes along what was sealed meanwhile': {
    seed: 22,
    file: journal,
    from: 'while ((this.#sealed[0]?.number ?? Infinity) < oldest) this.#sealed.shift();\n      await removeSegments(this.#disk, oldest);',
    to: 'while ((this.#sealed[0]?.end.seq ?? Infinity) < below) this.#sealed.shift();\n      await removeSegments(this.#disk, this.#sealed[0]?.number ?? this.#number);',
  },
  'segments are dropped before the mark says so': {
    seed: 1,
    file: journal,
    from: 'await this.#writeMark({ first, ...this.#entryTo(below) });',
    to: 'void first;',
  },
  'the mark is ahead of the acknowledgements': {
    seed: 4,
    file: journal,
    from: 'await this.#sync(file);\n    // W2.',
    to: `this.#end = end;
      this.#from = from;
      await this.#writeMark();
      this.#end = { ...end, seq: end.seq - batch.length };
      await this.#sync(file);
      // W2.`,
  },
  'what was torn is called damage': {
    file: 'src/journal/scan.ts',
    from: 'frame.seq - frame.since > end.seq',
    to: 'frame.seq > end.seq',
    equivalent:
      'the engine appends one record at a time; test/journal finds it where several are written together',
  },
  'the own segment may be gone': { seed: 29, file: takeover, from: ' || !file.linked()', to: '' },

  // The state.
  'a snapshot is not synced': {
    seed: 2001,
    file: snapshot,
    from: 'await file.sync();\n      return bytes;',
    to: 'return bytes;',
  },
  'the name of a snapshot is not synced': {
    seed: 4002,
    file: snapshot,
    from: 'await this.#disk.rename(temporary, nameOf(file));\n    await this.#disk.syncNames();',
    to: 'await this.#disk.rename(temporary, nameOf(file));',
  },
  'a snapshot has its name before it is written': {
    seed: 4001,
    file: snapshot,
    from: "const temporary = nameOf({ position, generation, kind: 'writing' });",
    to: "const temporary = nameOf({ position, generation, kind: all ? 'full' : 'delta' });",
    also: [
      [
        'await this.#disk.rename(temporary, nameOf(file));\n    await this.#disk.syncNames();',
        'await this.#disk.syncNames();',
      ],
    ],
  },
  'a snapshot says that it is one record further': {
    seed: 1,
    file: epoch,
    from: 'state.apply(all, seq)',
    to: 'state.apply(all, seq + 1)',
  },
  'who was taken over cleans up what the newer one needs': {
    seed: 2007,
    file: snapshot,
    from: 'if (this.#isNewer(names)) throw takenOver(this.#disk.path);',
    to: '',
  },
  'nobody marks what it goes on from': {
    seed: 7,
    file: snapshot,
    from: 'await mark.write(0, markBytes(this.#chain.at(-1)));',
    to: 'await mark.write(0, markBytes(undefined));',
  },

  // Epochs.
  'it is acknowledged before the commit': {
    seed: 4002,
    file: epoch,
    from: 'this.#waiting = new Waiting();\n    this.#lastCutMs = nowMs;',
    to: 'this.#waiting = new Waiting();\n    waiting.resolve();\n    this.#lastCutMs = nowMs;',
  },
  'it is released before the commit': {
    seed: 4002,
    file: epoch,
    from: 'for (const gate of this.#partition.gates()) gate.cut();',
    to: 'for (const gate of this.#partition.gates()) {\n      gate.cut();\n      gate.release();\n    }',
  },
  'the journal is trimmed up to its end': {
    seed: 4050,
    file: epoch,
    from: 'journal.trim(position + 1)',
    to: 'journal.trim(position + 1000)',
  },
  'the journal is trimmed before the checkpoint is durable': {
    seed: 4001,
    file: epoch,
    from: 'const position = await this.#whenThereIsRoom(state, () => state.checkpoint());\n    await this.#whenThereIsRoom(journal, () => journal.trim(position + 1));',
    to: 'const position = this.#seq;\n    await journal.trim(position + 1);\n    await state.checkpoint();',
  },
  'a cell is evicted that the state does not have': {
    seed: 2002,
    file: epoch,
    from: 'this.#durable = epoch;',
    to: 'this.#durable = epoch;\n    this.#applied = epoch;\n    this.#evict();',
  },
  'a dirty cell is evicted': {
    seed: 2002,
    file: epoch,
    from: 'if (!cell.stored || cell.epoch > this.#applied || cell.empty) continue;',
    to: 'if (!cell.stored || cell.empty) continue;',
  },
  'a deleted cell is forgotten before the state has forgotten it': {
    seed: 4007,
    file: epoch,
    from: 'for (const cell of gone) this.#gone.push(cell);',
    to: 'for (const cell of gone) if (cell.empty && cell.home.cells.get(cell.key) === cell) cell.home.cells.remove(cell);',
  },
  'rows that the state has not got yet are lost when others come': {
    seed: 1,
    file: epoch,
    from: 'kept = this.#rows.get(table) ?? new Map<string, Slice | undefined>();',
    to: 'kept = new Map<string, Slice | undefined>();',
  },

  // What a cut writes.
  'the cursors are not in the record': {
    seed: 2002,
    file: cut,
    from: "this.#list('cursors', placeKey(lasting, path), [position]);",
    to: '',
  },
  'a cursor is ahead': {
    seed: 2002,
    file: cut,
    from: "this.#list('cursors', placeKey(lasting, path), [position]);",
    to: "this.#list('cursors', placeKey(lasting, path), [Math.min(position + 1, next)]);",
  },
  'what has entered under a key is forgotten': {
    seed: 2007,
    file: cut,
    from: 'for (const entered of instance.entered.values()) this.#entered(entered);',
    to: '',
  },
  'timers are lost': {
    seed: 3,
    file: cut,
    from: '    this.#timers();\n    return gone;',
    to: '    return gone;',
  },
  'timers that went off are kept': {
    seed: 3,
    file: cut,
    from: "if (timer === undefined) this.#deleteShort('timers', String(id));",
    to: 'if (timer === undefined) continue;',
  },
  'the state of chance is not kept': {
    seed: 6,
    file: cut,
    from: '[random.state, taskTimers.last, deadLetters.last]',
    to: '[1, taskTimers.last, deadLetters.last]',
  },
  'numbers of timers begin anew': {
    seed: 3,
    file: cut,
    from: '[random.state, taskTimers.last, deadLetters.last]',
    to: '[random.state, 0, deadLetters.last]',
  },
  'an atom that waits is not written': {
    seed: 2,
    file: cut,
    from: 'if (atom !== undefined) this.#record.put(table, String(at), atomData(atom));',
    to: 'void atom;',
  },
  'the row of an atom is deleted too early': {
    seed: 4005,
    file: cut,
    from: 'for (let at = from; at < Math.min(to, needed); at++)',
    to: 'for (let at = from; at < Math.min(to, needed + 1); at++)',
  },
  'a changed cell is written every other time': {
    seed: 4002,
    file: cut,
    from: 'if (!cell.empty) {\n          this.#record.put',
    to: 'if (!cell.empty && cell.epoch % 8 !== 7) {\n          this.#record.put',
  },
  'the state of a task itself is not written': {
    seed: 1,
    file: cut,
    from: 'if (cell === state.own) this.#own(state);',
    to: 'if (cell === state.own) continue;',
  },
  'the keys that a task may have are not noted': {
    seed: 4003,
    file: cut,
    from: 'state.stores(cell.key);',
    to: '',
  },
  'an emptied cell keeps its row': {
    seed: 7,
    file: cut,
    from: 'this.#record.delete(table, rowKey(cell.key));\n          gone.push(cell);',
    to: 'gone.push(cell);',
  },
  'who went last at a sequencer is lost': {
    file: cut,
    from: "this.#list('sequencers', runtime.path, [runtime.last]);",
    to: '',
    equivalent: 'it changes only who goes next, which a sequencer leaves open',
  },
  'a generator is one atom ahead': {
    seed: 3,
    file: 'src/engine/generator.ts',
    from: 'return [this.#made, this.done,',
    to: 'return [this.#made + 1, this.done,',
  },
  'a generator is one atom behind': {
    seed: 3,
    file: 'src/engine/generator.ts',
    from: 'return [this.#made, this.done,',
    to: 'return [Math.max(0, this.#made - 1), this.done,',
  },
  'asks are not written': { seed: 3, file: pending, from: 'this.#writeAsks(this.#reached());', to: '' },
  'what changes of an ask is not written': {
    seed: 3,
    file: pending,
    from: 'if (this.#asks.get(ask.id) === now) continue;',
    to: 'if (this.#asks.has(ask.id)) continue;',
  },
  'what is missing of several replies is not written': {
    seed: 3,
    file: pending,
    from: 'if (this.#gathers.get(gather.id) === now) continue;',
    to: 'if (this.#gathers.has(gather.id)) continue;',
  },
  'passes that wait are not written': {
    seed: 31,
    file: pending,
    from: 'if (waiting.length + left.length > 0) {',
    to: 'if (left.length > 0) {',
  },
  'dead letters are not written': {
    seed: 2001,
    file: pending,
    from: '    this.#writeLetters();\n  }',
    to: '  }',
  },
  'dead letters that were taken out come again': {
    seed: 3,
    file: pending,
    from: "this.#record.delete('letters', String(id));",
    to: '',
  },

  // What a start brings back.
  'a start skips a record': {
    seed: 1,
    file: recover,
    from: 'journal.read(position + 1)',
    to: 'journal.read(position + 2)',
  },
  'the slots of a task are numbered anew': {
    seed: 2,
    file: recover,
    from: 'byKey.forEach((name, slot) => state.slots.key.set(name, slot));',
    to: '[...byKey].reverse().forEach((name, slot) => state.slots.key.set(name, slot));',
  },
  'values that wait outside are lost': {
    seed: 2002,
    file: recover,
    from: 'const rows = [...this.keys(table)].map((id) => {',
    to: 'const rows = [...this.keys(table)].slice(1).map((id) => {',
  },
  'numbers of released values begin anew': {
    seed: 2002,
    file: recover,
    from: "const [last] = (this.list('outboxes', path) ?? [0]) as [number];",
    to: "const [last] = ([0]) as [number];\n    this.list('outboxes', path);",
  },

  // The system.
  'an outcome comes, and its effect is not settled': {
    seed: 1,
    file: running,
    from: 'outbox.settle(id);',
    to: '',
  },
  'an effect is settled, and its outcome does not come': {
    seed: 2002,
    file: running,
    from: 'if (outcome !== undefined) sendInto(this.partition, outcome.ingress, outcome.values);',
    to: '',
  },
  'an effect is settled in the commit before its outcome': {
    seed: 42,
    file: running,
    from: `      if (outcome !== undefined) sendInto(this.partition, outcome.ingress, outcome.values);
      outbox.settle(id);
    }`,
    to: `      outbox.settle(id);
    }
    if (outcome !== undefined) {
      this.#wake();
      await this.#epochs?.wait();
      sendInto(this.partition, outcome.ingress, outcome.values);
    }`,
  },
  'an outcome comes in the commit before its effect is settled': {
    seed: 42,
    file: running,
    from: `      if (outcome !== undefined) sendInto(this.partition, outcome.ingress, outcome.values);
      outbox.settle(id);
    }`,
    to: `      if (outcome !== undefined) sendInto(this.partition, outcome.ingress, outcome.values);
      this.#wake();
      await this.#epochs?.wait();
      outbox.settle(id);
    }`,
  },
  'who waits outside is numbered as in the run before': {
    seed: 58,
    file: 'actors/system.ts',
    from: 'this.#waiters = new Waiters(dataflow.run);',
    to: 'this.#waiters = new Waiters(1);',
  },
  'a key under which something entered is noted in a later epoch': {
    seed: 2007,
    file: running,
    from: 'entered.add(once, nowMs, entry.epoch);',
    to: 'const epoch = entry.epoch;\n      this.#host.after(3, () => {\n        entered.add(once, nowMs, epoch);\n      });',
  },
  'an effect has another key each time': {
    seed: 2002,
    file: 'actors/effect-runner.ts',
    from: 'idempotencyKey: `${this.#name}/${call.origin}/${call.id}`,',
    to: 'idempotencyKey: `${this.#name}/${this.#host.now()}/${call.id}`,',
  },
  'keys of effects are drawn anew in each run': {
    file: 'actors/kept.ts',
    from: 'return known ?? drawn;',
    to: 'return drawn;',
    equivalent: 'a call keeps the key that it was made with, and one drawn later is as much its own',
  },
};
