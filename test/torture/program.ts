// The process that is tortured. It takes words as lines, and says what was acknowledged as soon as it is durable. It loads all
// that it needs before it is told to open the store, so that what is killed then is not a process that loads.
import { createInterface } from 'node:readline';
import process from 'node:process';
import { PorticoError, start, type ActorSystem } from 'portico';
import { actor, optionsOf, type Setting } from './actors.ts';
import type { Heard, Order, Word } from './orders.ts';

const setting = JSON.parse(process.argv[2] ?? '{}') as Setting;
let system: ActorSystem | undefined;
/** It goes in good order. */
let isStopping = false;

function say(heard: Heard): void {
  process.stdout.write(`${JSON.stringify(heard)}\n`);
}

function codeOf(error: unknown): string {
  if (!(error instanceof PorticoError)) return String(error);
  return error.code === 'system/failed' ? codeOf(error.cause) : error.code;
}

function end(error: unknown): never {
  say({ heard: 'ended', code: codeOf(error), message: String(error) });
  process.exit(3);
}

async function open(): Promise<void> {
  const opened = await start({
    ...optionsOf(setting),
    log: ({ level, value }) => {
      if (level === 'error') say({ heard: 'log', text: String(value) });
    },
  });
  opened.dataflow.onEnd((reason) => {
    if (!isStopping) end(reason);
  });
  system = opened;
  say({ heard: 'ready', run: opened.dataflow.run });
}

/** Sends it; an ask gives what was drawn. */
async function send(
  order: Order & { readonly attempt: number },
  to: ActorSystem,
): Promise<number | undefined> {
  const { n, attempt, type, who } = order;
  const ref = to.entity(actor(), who);
  const idempotencyKey = `order ${n}`;
  switch (type) {
    case 'draw':
      return to.ask(ref, { type, n, attempt }, { idempotencyKey });
    case 'number':
      await to.send(ref, { type, n, attempt }, { idempotencyKey: { client: 'the client', seq: n } });
      return undefined;
    case 'move':
      await to.send(ref, { type, n, attempt, to: order.to, amount: order.amount }, { idempotencyKey });
      return undefined;
    case 'count':
    case 'pay':
    case 'later':
      await to.send(ref, { type, n, attempt }, { idempotencyKey });
      return undefined;
  }
}

async function obey(word: Word): Promise<void> {
  if ('n' in word) {
    const { n, attempt } = word;
    try {
      if (system === undefined) throw new Error('it is not open');
      const draw = await send(word, system);
      say({ heard: 'ack', n, attempt, ...(draw !== undefined && { draw }) });
    } catch (error) {
      say({ heard: 'refused', n, code: codeOf(error) });
    }
    return;
  }
  try {
    if (word.say === 'open') await open();
    else {
      isStopping = true;
      await system?.stop();
      process.exit(0);
    }
  } catch (error) {
    end(error);
  }
}

// What LevelDB needs is read by whoever may read it.
await import('classic-level');
if (setting.uid !== undefined) {
  process.setgid?.(setting.uid);
  process.setuid?.(setting.uid);
}
say({ heard: 'loaded', pid: process.pid });
createInterface({ input: process.stdin })
  .on('line', (line) => {
    void obey(JSON.parse(line) as Word);
  })
  // Whoever gave the orders is gone.
  .on('close', () => {
    process.exit(1);
  });
