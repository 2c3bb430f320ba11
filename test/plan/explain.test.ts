// What a plan looks like as text: exact texts, so that whoever changes one reads it.
import { describe, expect, it } from 'vitest';
import {
  answer,
  application,
  continuation,
  explain,
  perKeyState,
  priority,
  tasks,
  type Application,
  type Stream,
} from 'portico/dataflow';

const seen = perKeyState('seen', 0);

const words = application('words', (app) => {
  const lines = app.generators.fromArray(['to be', 'or not to be'], { name: 'lines' });
  app
    .workflow('count')
    .source(lines)
    .flatMap((line) => line.split(' '))
    .withName('split')
    .key((word) => word)
    .withName('byWord')
    .map((word, ctx) => `${word} ${seen.update(ctx, (n) => n + 1)}`)
    .withName('count')
    .withOnAtomComplete(() => undefined)
    .sink();
});

const priced = continuation('priced', (_price: number, _item: string) => undefined);

const shop = application('shop', (app) => {
  const orders = app.ingress<string>('orders', { key: (order) => order });
  const prices = app.portal<string, number>('prices', { key: (item) => item });
  const again = app.sequencer<string>({ name: 'again', strategy: priority });
  app.connect(orders.stream, again, { name: 'new' });
  const pricing = app.workflow('pricing', { onFailure: 'deadLetter' }).source(again.stream);
  const asked = pricing
    .asker({ asks: [prices], continuations: [priced] }, () => undefined)
    .withName('ask')
    .withOnTimer(() => undefined);
  const back = asked.union(pricing).withName('both').sink();
  app.connect(app.retain(back), again, { name: 'back', priority: 3 });

  const sizes = app.splitter(back, { name: 'sizes' });
  const large = app.split(sizes, (item) => item.length > 8, { name: 'large' });
  app.split(sizes, (item) => item.length > 4, { name: 'medium' });
  app
    .workflow('table')
    .source(large)
    .replier([answer(prices, (item, ctx) => ctx.reply(item.length))])
    .withName('answer')
    .sink();
});

const lines = (text: string): string[] => text.split('\n');

describe('explain', () => {
  it('shows a workflow from its source to its sink: tasks, chains and key boundaries', () => {
    expect(lines(explain(words))).toEqual([
      'application /words',
      '  generator lines: array → workflows/count',
      '  workflow count → nobody',
      '    $1      source   ← generators/lines/stream',
      '    split   flatMap  ← $1',
      '    byWord  key      ← split',
      '    count   map      ← byWord; with onAtomComplete',
      '    $5      sink     ← count',
      '    segment split · byWord · count',
      '    stages split, byWord | by key | count',
    ]);
  });

  it('shows ingresses, sequencers, splitters, portals, forks, joins and cycles', () => {
    expect(lines(explain(shop))).toEqual([
      'application /shop',
      '  ingress orders, with a key function → sequencers/again',
      '  sequencer again: priority → workflows/pricing',
      '    from ingresses/orders/stream (connection new)',
      '    from workflows/pricing/stream, priority 3 (connection back)',
      '  splitter sizes: each event of workflows/pricing/stream to the first split that it passes',
      '    1 large → workflows/table',
      '    2 medium → nobody',
      '    else counted as unmatched',
      '  portal prices: answered under a key of the request',
      '    answered by workflows/table/answer',
      '    asked by workflows/pricing/ask',
      '  workflow pricing, sets failed atoms aside, keeps its past → splitters/sizes, sequencers/again',
      '    $1    source  ← sequencers/again/stream',
      '    ask   asker   ← $1; with onTimer; asks portals/prices; continues with priced',
      '    both  union   ← ask, then $1',
      '    $4    sink    ← both',
      '    segment ask',
      '    segment both; joins 2 flows',
      '  workflow table → nobody',
      '    $5      source   ← splitters/sizes/large',
      '    answer  replier  ← $5; answers portals/prices',
      '    $7      sink     ← answer',
      '    segment answer',
      '  cycle through workflows/pricing, sequencers/again',
    ]);
  });

  it('shows tasks of several parts, of several behaviors, and those that are made at launch', () => {
    const app = application('parts', (app) => {
      app
        .workflow('w')
        .source(app.generators.fromRange(0, 9, 3, { name: 'g', throttle: { events: 4, perMs: 10 } }))
        .map((n) => n)
        .withName('sequence')
        .withOnAtomComplete(() => undefined)
        .withStep(tasks.filter((n) => n > 1))
        .withLoop(
          3,
          tasks.init(() => tasks.map((n) => n)),
        )
        .withAndThen(tasks.logger())
        .init(() => tasks.map((n) => n + 1))
        .withName('made')
        .sink();
    });
    expect(lines(explain(app))).toEqual([
      'application /parts',
      '  generator g: range, at most 4 events in 10 ms → workflows/w',
      '  workflow w → nobody',
      '    $1        source  ← generators/g/stream',
      '    sequence  map     ← $1; in turn map with onAtomComplete for one atom, filter for one atom, ' +
        'init for 3 atoms; made at launch; and then logger',
      '    made      init    ← sequence',
      '    $4        sink    ← made',
      '    segment sequence · made',
    ]);
  });

  it('shows where values leave, and what was given no stream to read', () => {
    const app = application('edges', (app) => {
      const mail = app.egress<string>('mail');
      app.retain(mail.stream);
      app
        .workflow('w')
        .source(undefined as unknown as Stream<string>)
        .processor<string>((value, ctx) => ctx.release(mail, value))
        .sink();
    });
    expect(lines(explain(app)).slice(2)).toEqual([
      '  workflow w → nobody',
      '    $1  source     ← nothing',
      '    $2  processor  ← $1',
      '    $3  sink       ← $2',
      '    segment $2',
      '  egress mail: what tasks release, keeps its past → nobody',
    ]);
  });

  it('says where flows fork and where they lead nowhere', () => {
    const app = application('forks', (app) => {
      const all = app
        .workflow('w')
        .source(app.generators.signal(1, { name: 'g' }))
        .map((n) => n);
      const out = all.filter((n) => n > 0).sink();
      all.filter((n) => n < 0).sink(out);
      all.consume(() => undefined);
    });
    expect(lines(explain(app)).slice(-5)).toEqual([
      '    $4  sink     ← $3, then $5',
      '    segment $2; forks into 3',
      '    segment $3',
      '    segment $5',
      '    segment $6; leads nowhere',
    ]);
  });

  it('shows what is needed of other applications, and for whom', () => {
    const app = application('other', (app) => {
      const { registry } = app;
      const out = registry.stream<string>('/shop/workflows/pricing/stream');
      const again = registry.sequencer<string>('/shop/sequencers/again');
      const prices = registry.portal<string, number>('/shop/portals/prices');
      registry.splitter('/shop/splitters/sizes');
      const asked = app
        .workflow('w')
        .source(out, { from: 'start' })
        .asker([prices], () => undefined)
        .sink();
      app.connect(asked, again, { name: 'c' });
    });
    expect(lines(explain(app))).toEqual([
      'application /other',
      '  connection c: workflows/w/stream → /shop/sequencers/again',
      '  workflow w → /shop/sequencers/again',
      '    $1  source  ← /shop/workflows/pricing/stream from its start',
      '    $2  asker   ← $1; asks /shop/portals/prices',
      '    $3  sink    ← $2',
      '    segment $2',
      '  needs of other applications',
      '    stream /shop/workflows/pricing/stream, for workflows/w',
      '    sequencer /shop/sequencers/again, for connections/c',
      '    portal /shop/portals/prices, for workflows/w/$2',
      '    splitter /shop/splitters/sizes, looked up only',
    ]);
  });

  it('shows all problems of an application that has some, and throws none', () => {
    const app = application('broken', (app) => {
      app.portal('lonely');
      app
        .workflow('w')
        .source(app.generators.signal(1, { name: 'g' }))
        .map((n) => n);
    });
    expect(lines(explain(app))).toEqual([
      'application /broken cannot run, it has 2 problems',
      '  ! [graph/sink-missing] /broken/workflows/w: it has no output. End it with sink().',
      '  ! [portal/no-replier] /broken/portals/lonely: no task answers it. ' +
        'Add replier([answer(portal, …)]) to a workflow of this application.',
      '  generator g: signal → workflows/w',
      '  portal lonely: answered under the key of who asks',
      '    answered by nobody',
      '    asked by nobody here',
      '  workflow w → nobody',
      '    $1  source  ← generators/g/stream',
      '    $2  map     ← $1',
      '    segment $2; leads nowhere',
    ]);
  });

  it('shows the plan after each pass, and marks what the pass added', () => {
    expect(lines(explain(words, { passes: true }))).toEqual([
      'after check',
      '  application /words',
      '    generator lines: array → workflows/count',
      '    workflow count → nobody',
      '      $1      source   ← generators/lines/stream',
      '      split   flatMap  ← $1',
      '      byWord  key      ← split',
      '      count   map      ← byWord; with onAtomComplete',
      '      $5      sink     ← count',
      '',
      'after portals: nothing new',
      '',
      'after loops: nothing new',
      '',
      'after fuse',
      '  application /words',
      '    generator lines: array → workflows/count',
      '    workflow count → nobody',
      '      $1      source   ← generators/lines/stream',
      '      split   flatMap  ← $1',
      '      byWord  key      ← split',
      '      count   map      ← byWord; with onAtomComplete',
      '      $5      sink     ← count',
      '+     segment split · byWord · count',
      '',
      'after shuffle',
      '  application /words',
      '    generator lines: array → workflows/count',
      '    workflow count → nobody',
      '      $1      source   ← generators/lines/stream',
      '      split   flatMap  ← $1',
      '      byWord  key      ← split',
      '      count   map      ← byWord; with onAtomComplete',
      '      $5      sink     ← count',
      '      segment split · byWord · count',
      '+     stages split, byWord | by key | count',
    ]);
  });

  it.each([
    ['check', ['+   ! [portal/no-replier] /asks/portals/lonely: no task answers it. ']],
    ['portals', ['+     answered by nobody', '+     asked by workflows/w/$2']],
    ['loops', ['+   cycle through workflows/w, sequencers/s']],
  ])('says what the pass %s added', (pass, added) => {
    const asks: Application = application('asks', (app) => {
      const lonely = app.portal<string, number>('lonely');
      const again = app.sequencer<string>({ name: 's' });
      app.connect(
        app
          .workflow('w')
          .source(again.stream)
          .asker<string>([lonely], () => undefined)
          .sink(),
        again,
      );
    });
    const section = explain(asks, { passes: true })
      .split('\n\n')
      .find((text) => text.startsWith(`after ${pass}\n`));
    const marked = lines(section ?? '').filter(
      (line) => line.startsWith('+') && !line.includes('cannot run'),
    );
    expect(marked).toHaveLength(added.length);
    marked.forEach((line, i) => expect(line).toContain(added[i]));
  });
});
