// The disk fails, or says what is not so, at a call that strace chooses: it answers in place of the kernel, or changes what is
// handed to it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Setting } from './actors.ts';
import { allIsThere, endsWith, opened, type Case } from './case.ts';
import { Client } from './client.ts';
import { chances } from './orders.ts';
import { Place } from './place.ts';

/** What is done to which call on which file. */
interface Injection {
  readonly name: string;
  readonly state: Setting['state'];
  readonly file: string;
  readonly call: 'fdatasync' | 'pwrite64' | 'write';
  readonly inject: string;
  /** The calls that it is done to: of those from the first one on every so many; or that one alone. */
  readonly from: number;
  readonly every?: number;
  /** What comes of it: an error with this code, the end by SIGKILL, or nothing that anybody could see. */
  readonly ends: 'journal/failed' | 'state/failed' | 'SIGKILL' | 'goes on' | 'waits';
  /** What is said when it is started again, if something was damaged. */
  readonly damage?: 'journal/damaged' | 'state/damaged';
}

const segment = 'journal/journal.0000000000000001';
const mark = 'journal/highwater.0000000000000001';
const levelLog = 'state/000003.log';

const injections: readonly Injection[] = [
  {
    name: 'ends when a sync of its journal fails, and loses nothing',
    state: 'memory',
    file: segment,
    call: 'fdatasync',
    inject: 'error=EIO',
    from: 4,
    ends: 'journal/failed',
  },
  {
    name: 'ends when a sync of its mark fails, and loses nothing',
    state: 'memory',
    file: mark,
    call: 'fdatasync',
    inject: 'error=EIO',
    from: 3,
    ends: 'journal/failed',
  },
  {
    name: 'ends when a write to its journal fails, and loses nothing',
    state: 'level',
    file: segment,
    call: 'pwrite64',
    inject: 'error=EIO',
    from: 5,
    ends: 'journal/failed',
  },
  {
    name: 'ends when a sync of LevelDB fails, and loses nothing',
    state: 'level',
    file: levelLog,
    call: 'fdatasync',
    inject: 'error=EIO',
    from: 1,
    ends: 'state/failed',
  },
  {
    name: 'waits when there is no room for some writes to its journal, and goes on',
    state: 'memory',
    file: segment,
    call: 'pwrite64',
    inject: 'error=ENOSPC',
    from: 5,
    every: 9,
    ends: 'waits',
  },
  {
    name: 'waits when LevelDB has no room for some writes, and goes on',
    state: 'level',
    file: levelLog,
    call: 'write',
    inject: 'error=ENOSPC',
    from: 2,
    ends: 'waits',
  },
  {
    name: 'loses nothing when it is killed as it syncs its journal',
    state: 'memory',
    file: segment,
    call: 'fdatasync',
    inject: 'signal=SIGKILL',
    from: 4,
    ends: 'SIGKILL',
  },
  {
    name: 'loses nothing when it is killed as it writes to LevelDB',
    state: 'level',
    file: levelLog,
    call: 'write',
    inject: 'signal=SIGKILL',
    from: 2,
    ends: 'SIGKILL',
  },
  {
    name: 'loses nothing on a disk that is slow to sync',
    state: 'level',
    file: segment,
    call: 'fdatasync',
    inject: 'delay_exit=20000',
    from: 2,
    every: 1,
    ends: 'goes on',
  },
  {
    name: 'is not served journal that the disk has garbled on its way',
    state: 'memory',
    file: segment,
    call: 'pwrite64',
    inject: 'poke_enter=@arg2=deadbeef',
    from: 5,
    every: 7,
    ends: 'goes on',
    damage: 'journal/damaged',
  },
  {
    name: 'is not served a journal of which the disk has swallowed parts that it said were written',
    state: 'memory',
    file: segment,
    call: 'pwrite64',
    inject: 'retval=8',
    from: 5,
    every: 7,
    ends: 'goes on',
    damage: 'journal/damaged',
  },
  {
    name: 'is not served a state that the disk has garbled on its way',
    state: 'level',
    file: levelLog,
    call: 'write',
    inject: 'poke_enter=@arg2=deadbeef',
    from: 2,
    ends: 'goes on',
    damage: 'state/damaged',
  },
];

/** Why strace cannot be used here; undefined if it can. */
const noStrace: string | undefined =
  spawnSync('strace', ['-f', '--seccomp-bpf', '-e', 'trace=fdatasync', '-o', '/dev/null', 'true']).status ===
  0
    ? undefined
    : 'strace is missing, or may not trace';

export const tracedCases: readonly Case[] = injections.map((injection) => ({
  name: injection.name,
  missing: noStrace,
  run: (seed) => traced(injection, seed),
}));

async function traced(injection: Injection, seed: number): Promise<void> {
  const { state, ends, damage } = injection;
  await using place = new Place(state);
  const log = join(place.path, 'strace');
  const one = await opened(place.start({}, tracer(injection, place.setting.folder, log, seed)));
  // What is damaged in the journal is found as long as the state does not have all of it.
  const few = damage === 'journal/damaged';
  const client = new Client(seed, 20, few ? ['count'] : undefined);
  client.sendTo(one, few ? 60 : 400, few ? 3 : 20);
  const settled = await client.settled().then(
    () => true,
    () => false,
  );
  if (ends === 'waits') assert.match(one.log[0] ?? '', /^\[(journal|state)\/full\]/);
  // A stop would bring the state up to the journal, which nobody would need then.
  if (settled) one.signal('SIGKILL');
  if (ends.endsWith('/failed')) await endsWith(one, ends);
  else assert.deepEqual([(await one.ended).signal, settled], ['SIGKILL', ends !== 'SIGKILL']);
  assert.match(existsSync(log) ? readFileSync(log, 'utf8') : '', /INJECTED|DELAYED|killed by SIGKILL/);
  if (damage === undefined) await allIsThere(client, place.setting);
  else await assert.rejects(allIsThere(client, place.setting), { code: damage });
}

/** Strace, as it has to be called. The seed moves the call a little. */
function tracer(
  { file, call, inject, from, every }: Injection,
  folder: string,
  log: string,
  seed: number,
): readonly string[] {
  const first = from + (seed === 1 ? 0 : chances(seed)(from + 2));
  const when = every === undefined ? String(first) : `${first}+${every}`;
  // With its filter, which makes it fast, strace sends no signals.
  const fast = inject.startsWith('signal') ? [] : ['--seccomp-bpf'];
  const what = ['-e', `trace=${call}`, '-e', `inject=${call}:${inject}:when=${when}`];
  return ['strace', '-f', '-qq', ...fast, '-o', log, '-P', join(folder, file), ...what];
}
