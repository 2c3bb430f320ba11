// What a system shows of itself: every application in the order of launch, with what was counted.
import { describe, expect, it } from 'vitest';
import {
  answer,
  application,
  ApplicationBuilder,
  explain,
  manualClock,
  perKeyState,
  startSystem,
  steppingSystem,
} from 'portico/dataflow';

const seen = perKeyState('seen', 0);

const shop = application('shop', (app) => {
  const items = app.ingress<string>('items');
  const prices = app.portal<string, number>('prices');
  const counted = app
    .workflow('count', { onFailure: 'deadLetter' })
    .source(items.stream)
    .map((item, ctx) => {
      seen.update(ctx, (n) => n + 1);
      if (item === 'bad') throw new Error('a bad item');
      return item;
    })
    .withName('count')
    .sink();
  const sizes = app.splitter(counted, { name: 'sizes' });
  app.split(sizes, (item) => item.length > 3, { name: 'large' });
  app
    .workflow('table')
    .source(app.sequencer<never>({ name: 'all' }).stream)
    .replier([
      answer(prices, (item, ctx) => {
        if (item !== 'tea') ctx.reply(item.length);
      }),
    ])
    .withName('answer')
    .sink();
  return { items, counted };
});

const guest = application('guest', (app) => {
  const small = app.split(app.registry.splitter<string>('/shop/splitters/sizes'), (item) => item === 'tea', {
    name: 'tea',
  });
  const prices = app.registry.portal<string, number>('/shop/portals/prices');
  const all = app.registry.sequencer<string>('/shop/sequencers/all');
  const asked = app
    .workflow('ask')
    .source(small)
    .asker([prices], (item, ctx) => {
      ctx.await(ctx.ask(prices, item, { timeoutMs: 5 }), () => undefined);
    })
    .withName('ask')
    .withOnError(() => undefined)
    .sink();
  app.connect(asked, all, { name: 'back' });
});

const lines = (text: string): string[] => text.split('\n');

describe('explain of a system', () => {
  it('shows all applications in order, who meets whom, and what was counted', () => {
    const clock = manualClock();
    const system = steppingSystem({ clock, log: () => undefined });
    system.launch(shop);
    system.launch(guest);
    const { items, counted } = shop.handles;
    const unsubscribe = system.subscribe(counted, () => undefined);
    system.send(items, 'tea', 'coffee', 'ink', 'tea');
    system.send(items, 'bad');
    system.stepUntilComplete();
    system.send(items, 'tea');
    expect(lines(explain(system))).toEqual([
      'system after 7 steps, 1 ready to run, 2 waiting for the clock, 1 dead letter',
      '',
      'application /shop',
      '  ingress items → workflows/count',
      '    now 3 atoms, 6 events, 1 waiting',
      '  sequencer all: random → workflows/table',
      '    from /guest/workflows/ask/stream (connection back)',
      '    now 0 atoms, 0 events, 0 waiting',
      '  splitter sizes: each event of workflows/count/stream to the first split that it passes',
      '    1 large → nobody (now 1 atom, 1 event, 0 waiting)',
      '    2 guest:tea → /guest/workflows/ask (now 1 atom, 2 events, 0 waiting)',
      '    else counted as unmatched',
      '    now 1 event unmatched',
      '  portal prices: answered under the key of who asks',
      '    answered by workflows/table/answer',
      '    asked by /guest/workflows/ask/ask',
      '    now 2 requests, 0 late replies',
      '  workflow count, sets failed atoms aside → splitters/sizes',
      '    $1     source  ← ingresses/items/stream',
      '    count  map     ← $1',
      '    $3     sink    ← count',
      '    segment count',
      '    now 1 atom, 4 events, 0 waiting, 1 subscriber, 1 dead letter, 3 cells in count',
      '  workflow table → nobody',
      '    $4      source   ← sequencers/all/stream',
      '    answer  replier  ← $4; answers portals/prices',
      '    $6      sink     ← answer',
      '    segment answer',
      '    now 0 atoms, 0 events, 0 waiting',
      '',
      'application /guest',
      '  connection back: workflows/ask/stream → /shop/sequencers/all',
      '  split guest:tea of /shop/splitters/sizes → workflows/ask',
      '    now 1 atom, 2 events, 0 waiting',
      '  workflow ask → /shop/sequencers/all',
      '    $1   source  ← /shop/splitters/sizes/guest:tea',
      '    ask  asker   ← $1; with onError; asks /shop/portals/prices',
      '    $3   sink    ← ask',
      '    segment ask',
      '    now 1 atom, 0 events, 0 waiting',
      '  needs of other applications',
      '    splitter /shop/splitters/sizes, for /shop/splitters/sizes/guest:tea',
      '    sequencer /shop/sequencers/all, for connections/back',
      '    portal /shop/portals/prices, for workflows/ask/ask',
    ]);
    unsubscribe();
  });

  it('shows a cycle that leads through several applications in each of them', () => {
    const system = steppingSystem();
    const hub = application('hub', (app) => {
      const all = app.sequencer<number>({ name: 'all' });
      app.workflow('w').source(all.stream).identity().sink();
    });
    const spoke = application('spoke', (app) => {
      const out = app
        .workflow('w')
        .source(app.registry.stream<number>('/hub/workflows/w/stream'))
        .identity()
        .sink();
      app.connect(out, app.registry.sequencer<number>('/hub/sequencers/all'));
    });
    system.launch(hub);
    system.launch(spoke);
    expect(lines(explain(system)).filter((line) => line.includes('cycle'))).toEqual([
      '  cycle through workflows/w, /spoke/workflows/w, sequencers/all',
      '  cycle through /hub/workflows/w, workflows/w, /hub/sequencers/all',
    ]);
    const thick = explain(system, { format: 'mermaid' })
      .split('\n')
      .filter((line) => line.includes('==>'));
    expect(thick).toHaveLength(3);
  });

  it('says why a system has stopped', () => {
    const system = steppingSystem({ log: () => undefined });
    const app = application('broken', (app) => {
      app
        .workflow('w')
        .source(app.generators.signal(1))
        .map(() => {
          throw new Error('no');
        })
        .sink();
    });
    system.launch(app);
    expect(() => system.stepUntilComplete()).toThrow('atom/failed');
    const [, why] = lines(explain(system));
    expect(why).toContain('! it has stopped: [atom/failed] /broken/workflows/w:');
  });

  it('shows a running system in the same way, as text and as Mermaid', async () => {
    await using system = await startSystem({ applications: [shop] });
    await system.send(shop.handles.items, 'tea', 'coffee');
    await system.idle();
    expect(lines(explain(system))).toContain('    now 1 atom, 2 events, 0 waiting, 2 cells in count');
    expect(explain(system, { format: 'mermaid' })).toContain(
      '"workflow count<br/>1 atom, 2 events, 0 waiting, 2 cells in count"',
    );
  });

  it('shows the passes of each application', () => {
    const system = steppingSystem();
    system.launch(shop);
    system.launch(guest);
    const found = lines(explain(system, { passes: true })).filter((line) => line.startsWith('after check'));
    expect(found).toHaveLength(2);
  });

  it('counts what was released', () => {
    const system = steppingSystem({ log: () => undefined });
    const app = application('mail', (app) => {
      const letters = app.egress<string>('letters');
      const all = app.ingress<string>('all');
      app
        .workflow('w')
        .source(all.stream)
        .processor<string>((text, ctx) => ctx.release(letters, text))
        .sink();
      return { all };
    });
    system.launch(app);
    system.send(app.handles.all, 'a', 'b');
    system.stepUntilComplete();
    expect(lines(explain(system)).slice(-2)).toEqual([
      '  egress letters: what tasks release → nobody',
      '    now 1 atom, 2 events, 0 waiting',
    ]);
  });

  it.each([
    ['a name', 'shop', {}, 'an application is needed, and'],
    ['a builder that was not built', new ApplicationBuilder('a'), {}, 'Call build() first'],
    ['another format', shop, { format: 'html' as 'text' }, 'text or mermaid is needed, and'],
  ])('refuses %s', (_, subject, options, message) => {
    expect(() => explain(subject as typeof shop, options)).toThrow(message);
  });

  it('shows a system without applications', () => {
    expect(explain(steppingSystem())).toBe(
      'system after 0 steps, 0 ready to run, 0 waiting for the clock, 0 dead letters',
    );
    expect(explain(steppingSystem(), { format: 'mermaid' })).toBe('flowchart LR');
  });
});
