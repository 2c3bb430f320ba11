import { describe, expect, it } from 'vitest';
import { behavior, receive, same, start, type ActorRef } from 'portico';
import { application } from 'portico/dataflow';
import { virtualHost } from 'portico/testing';

const silent = behavior('silent', () => receive<{ replyTo: ActorRef<string> }>(() => same));

describe('whoever asks from outside', () => {
  it('learns of it when the system fails beside the actors', async () => {
    const host = virtualHost();
    const failing = application('failing', (app) => {
      const numbers = app.ingress<number>('numbers');
      app
        .workflow('w')
        .source(numbers.stream)
        .map((): never => {
          throw new Error('broken');
        })
        .sink();
      return { numbers };
    });
    const system = await start({ behaviors: { silent }, applications: [failing], host, seed: 1 });
    const asked = system.ask(system.create(silent()), {}).catch((error: unknown) => error);
    await host.run();
    await system.dataflow.send(failing.handles.numbers, 1);
    await host.run();
    expect(await asked).toMatchObject({ code: 'system/failed' });
    await system.stop();
  });

  it('learns of it when the system is stopped', async () => {
    const host = virtualHost();
    const system = await start({ behaviors: { silent }, host, seed: 1 });
    const asked = system.ask(system.create(silent()), {}).catch((error: unknown) => error);
    await host.run();
    await system.stop();
    expect(await asked).toMatchObject({ code: 'system/shut-down' });
  });
});

describe('a message that an actor fails on', () => {
  it('leaves a line in the log, beside the dead letter', async () => {
    const host = virtualHost();
    const boom = behavior('boom', () =>
      receive<string>(() => {
        throw new Error('no such thing');
      }),
    );
    const system = await start({ behaviors: { boom }, host, seed: 1 });
    await system.send(system.create(boom()), 'hello');
    await host.run();
    const lines = host.records.filter(({ level }) => level === 'warn').map(({ value }) => String(value));
    expect(lines).toEqual([expect.stringMatching(/^actor:-1 failed, .* dead letter: no such thing$/)]);
    expect(system.deadLetters.list()).toHaveLength(1);
    await system.stop();
  });
});
