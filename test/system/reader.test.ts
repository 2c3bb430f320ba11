import { application, startSystem, type Ingress, type Stream } from 'portico/dataflow';
import { virtualHost } from 'portico/testing';
import { describe, expect, it } from 'vitest';

const numbers = () =>
  application('numbers', (app) => {
    const into = app.ingress<number>('in');
    const doubled = app
      .workflow('double')
      .source(into.stream)
      .map((n) => {
        if (n === 13) throw new Error('told to fail');
        return n * 2;
      })
      .sink();
    return { into, doubled, kept: app.retain(app.generators.fromArray([1, 2, 3], { name: 'kept' })) };
  });

describe('a reader', () => {
  it('gives the values of a stream one by one, also those that came while nobody asked', async () => {
    const app = numbers();
    const host = virtualHost();
    await using system = await startSystem({ applications: [app], host });
    const reader = system.read(app.handles.doubled);
    await system.send(app.handles.into, 1, 2);
    await system.send(app.handles.into, 3);
    await host.run();
    const read = (async () => [await reader.next(), await reader.next(), await reader.next()])();
    await host.run();
    expect((await read).map(({ value }) => value)).toEqual([2, 4, 6]);
    const late = reader.next();
    await system.send(app.handles.into, 4);
    await host.run();
    expect(await late).toEqual({ done: false, value: 8 });
  });

  it('serves several who ask at once in their order', async () => {
    const app = numbers();
    const host = virtualHost();
    await using system = await startSystem({ applications: [app], host });
    const reader = system.read(app.handles.doubled);
    const both = Promise.all([reader.next(), reader.next(), reader.next()]);
    await system.send(app.handles.into, 1, 2, 3);
    await host.run();
    expect((await both).map(({ value }) => value)).toEqual([2, 4, 6]);
  });

  it('reads the past of a stream that is retained', async () => {
    const app = numbers();
    const host = virtualHost();
    await using system = await startSystem({ applications: [app], host });
    await host.run();
    const reader = system.read(app.handles.kept, { from: 'start' });
    const read = Promise.all([reader.next(), reader.next(), reader.next()]);
    await host.run();
    expect((await read).map(({ value }) => value)).toEqual([1, 2, 3]);
  });

  it('lets those wait who fill the stream that it reads', async () => {
    const app = numbers();
    const host = virtualHost();
    await using system = await startSystem({ applications: [app], host, ingressLimit: 2 });
    const reader = system.read(app.handles.into.stream);
    const sent: number[] = [];
    for (const n of [1, 2, 3, 4]) void system.send(app.handles.into, n).then(() => sent.push(n));
    await host.run();
    expect(sent).toEqual([1, 2]);
    const first = reader.next();
    await host.run();
    expect([(await first).value, sent]).toEqual([1, [1, 2, 3]]);
    const second = reader.next();
    await host.run();
    expect([(await second).value, sent]).toEqual([2, [1, 2, 3, 4]]);
  });

  it('holds back a generator', async () => {
    let made = 0;
    const app = application('endless', (app) => {
      const all = function* () {
        for (;;) yield [made++];
      };
      return app.generators.fromIterables(all());
    });
    const host = virtualHost();
    await using system = await startSystem({ host });
    system.launch(app);
    const reader = system.read(app.handles);
    await host.run();
    const before = made;
    expect(before).toBeLessThan(20);
    for (let i = 0; i < 10; i++) {
      const next = reader.next();
      await host.run();
      expect((await next).value).toBe(i);
    }
    expect(made).toBe(before + 10);
  });

  it('ends when it is left, and then holds nobody back', async () => {
    const app = numbers();
    const host = virtualHost();
    await using system = await startSystem({ applications: [app], host, ingressLimit: 1 });
    const seen: number[] = [];
    const reading = (async () => {
      for await (const n of system.read(app.handles.into.stream)) {
        seen.push(n);
        if (n === 2) break;
      }
    })();
    for (const n of [1, 2, 3, 4]) void system.send(app.handles.into, n);
    await host.run();
    await reading;
    expect(seen).toEqual([1, 2]);
    await system.send(app.handles.into, 5);
    await host.run();
    await system.idle();
  });

  it('forgets what it has when it is left', async () => {
    const app = numbers();
    const host = virtualHost();
    await using system = await startSystem({ applications: [app], host });
    const reader = system.read(app.handles.doubled);
    await system.send(app.handles.into, 1, 2);
    const first = reader.next();
    await host.run();
    expect((await first).value).toBe(2);
    await reader.return?.();
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });

  it('ends with the system, after what it has already', async () => {
    const app = numbers();
    const host = virtualHost();
    const system = await startSystem({ applications: [app], host });
    const [reader, other] = [system.read(app.handles.doubled), system.read(app.handles.doubled)];
    await system.send(app.handles.into, 1, 2);
    const first = reader.next();
    await host.run();
    expect((await first).value).toBe(2);
    const waiting = Promise.all([other.next(), other.next(), other.next()]);
    await host.run();
    await system.shutdown();
    expect(await reader.next()).toEqual({ done: false, value: 4 });
    expect(await reader.next()).toEqual({ done: true, value: undefined });
    expect((await waiting).map(({ done }) => done)).toEqual([false, false, true]);
  });

  it('fails with the system', async () => {
    const app = numbers();
    const host = virtualHost();
    await using system = await startSystem({ applications: [app], host });
    const reader = system.read(app.handles.doubled);
    const waiting = reader.next().catch((error: unknown) => error);
    await system.send(app.handles.into, 13);
    await host.run();
    expect(await waiting).toMatchObject({ code: 'system/failed' });
    await expect(reader.next()).rejects.toMatchObject({ code: 'system/failed' });
  });

  it('ends when the application is stopped whose stream it reads', async () => {
    const app = numbers();
    const host = virtualHost();
    await using system = await startSystem({ applications: [app], host });
    const reader = system.read(app.handles.doubled);
    const waiting = reader.next();
    system.stop(app);
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  it('does not keep the system from being idle', async () => {
    const app = numbers();
    const host = virtualHost();
    await using system = await startSystem({ applications: [app], host });
    system.read(app.handles.doubled);
    await system.send(app.handles.into, 1);
    await host.run();
    await system.idle();
  });

  it('refuses what is no stream', async () => {
    await using system = await startSystem({ host: virtualHost() });
    expect(() => system.read(undefined as unknown as Stream<number>)).toThrow('system/bad-argument');
    const ingress: Ingress<number> = numbers().handles.into;
    expect(() => system.read(ingress.stream)).toThrow('graph/unknown-path');
    expect(() => system.read(ingress.stream, { from: 'now' as 'end' })).toThrow('“now”');
  });
});
