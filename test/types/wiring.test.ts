// The compiler fails these tests (`npm run typecheck:test`): what may be joined with what.
import { describe, expectTypeOf, it } from 'vitest';
import {
  application,
  startSystem,
  steppingSystem,
  type Application,
  type ApplicationBuilder,
  type Ingress,
  type Sequencer,
  type Splitter,
  type Stream,
} from 'portico/dataflow';

/** Writes an application that nobody launches. */
const write = (body: (app: ApplicationBuilder) => void): void => void application('types', body);

describe('an application', () => {
  it('hands out the handles that it was written with', () => {
    const app = application('a', (app) => ({ words: app.ingress<string>('words') }));
    expectTypeOf(app).toExtend<Application>();
    expectTypeOf(app.handles.words).toEqualTypeOf<Ingress<string>>();
  });

  it('finds things in the registry under the type that is given', () => {
    write(({ registry }) => {
      expectTypeOf(registry.stream<string>('/a')).toEqualTypeOf<Stream<string>>();
      expectTypeOf(registry.sequencer<string>('/a')).toEqualTypeOf<Sequencer<string>>();
      expectTypeOf(registry.splitter<string>('/a')).toEqualTypeOf<Splitter<string>>();
    });
  });
});

describe('a workflow', () => {
  it('reads streams, and nothing else that has a path', () => {
    write((app) => {
      const sequencer = app.sequencer<number>();
      app.workflow().source(sequencer.stream);
      // @ts-expect-error a sequencer is no stream; it has one
      app.workflow().source(sequencer);
      // @ts-expect-error an ingress is no stream; it has one
      app.workflow().source(app.ingress<number>());
      // @ts-expect-error an egress is no stream; it has one
      app.workflow().source(app.egress<number>());
      // @ts-expect-error a portal is no stream
      app.workflow().source(app.portal<number, number>('p'));
      // @ts-expect-error a splitter is no stream; split it
      app.workflow().source(app.splitter(sequencer.stream));
    });
  });

  it('sinks further branches only into a stream of what they carry', () => {
    write((app) => {
      const numbers = app.workflow().source(app.generators.fromArray([1]));
      const words = numbers.map(String).sink();
      expectTypeOf(numbers.map((n) => `${n}!`).sink(words)).toEqualTypeOf<Stream<string>>();
      // @ts-expect-error the output carries strings
      numbers.sink(words);
      // @ts-expect-error the branch carries more than the output
      numbers.union(numbers.map(String)).sink(words);
      const either: Stream<string | number> = words;
      expectTypeOf(numbers.sink(either)).toEqualTypeOf<Stream<string | number>>();
    });
  });
});

describe('a connection', () => {
  it('leads a stream into a sequencer of what it carries', () => {
    write((app) => {
      const words = app.generators.fromArray(['a']);
      const anything = app.generators.fromArray(['a', 1]);
      app.connect(words, app.sequencer<string>());
      app.connect(words, app.sequencer<string | number>());
      // @ts-expect-error the sequencer is one of numbers
      app.connect(words, app.sequencer<number>());
      // @ts-expect-error some of what the stream carries is no string
      app.connect(anything, app.sequencer<string>());
      // @ts-expect-error it leads from a stream to a sequencer, not back
      app.connect(app.sequencer<string>(), words);
      // @ts-expect-error a stream is no sequencer
      app.connect(words, app.sequencer<string>().stream);
    });
  });
});

describe('a sequencer', () => {
  it('is of one type, whoever uses it', () => {
    expectTypeOf<Sequencer<string>>().not.toExtend<Sequencer<string | number>>();
    expectTypeOf<Sequencer<string | number>>().not.toExtend<Sequencer<string>>();
    expectTypeOf<Stream<string>>().toExtend<Stream<string | number>>();
    expectTypeOf<Stream<string | number>>().not.toExtend<Stream<string>>();
  });
});

describe('a split', () => {
  it('carries what its type guard says', () => {
    write((app) => {
      const splitter = app.splitter(app.generators.fromArray(['a', 1]));
      expectTypeOf(splitter).toEqualTypeOf<Splitter<string | number>>();
      expectTypeOf(app.split(splitter, (value): value is string => typeof value === 'string')).toEqualTypeOf<
        Stream<string>
      >();
      expectTypeOf(app.split(splitter, (value) => typeof value === 'number')).toEqualTypeOf<Stream<number>>();
      expectTypeOf(app.split(splitter, () => true)).toEqualTypeOf<Stream<string | number>>();
      // @ts-expect-error the values are strings and numbers
      app.split(splitter, (value: boolean) => value);
      // @ts-expect-error a stream is no splitter
      app.split(app.generators.signal(1), () => true);
    });
  });
});

describe('a system', () => {
  it('takes from outside what the ingress takes', async () => {
    const app = application('a', (app) => ({ words: app.ingress<string>('words') }));
    const { words } = app.handles;
    const stepping = steppingSystem();
    stepping.launch(app);
    stepping.send(words, 'a', 'b');
    // @ts-expect-error the ingress takes strings
    stepping.send(words, 1);
    await using running = await startSystem({ applications: [app] });
    await running.send(words, 'a');
    // @ts-expect-error the ingress takes strings
    await running.send(words, 'a', 1);
  });

  it('hands a subscriber what the stream carries', () => {
    const app = application('a', (app) => ({ words: app.ingress<string>('words') }));
    const system = steppingSystem();
    system.launch(app);
    const { stream } = app.handles.words;
    system.subscribe(stream, (word, { key }) => {
      expectTypeOf(word).toBeString();
      expectTypeOf(key).toEqualTypeOf<string | number | bigint>();
    });
    // @ts-expect-error the stream carries strings
    system.subscribe(stream, (word: number) => word);
  });

  it('launches applications and nothing else', () => {
    const app = application('a', () => undefined);
    void (() => steppingSystem().launch(app));
    // @ts-expect-error this is its name
    void (() => steppingSystem().launch('a'));
  });

  it('keys what comes in by a function of it', () => {
    write((app) => {
      app.ingress<{ id: number }>('a', { key: ({ id }) => id });
      // @ts-expect-error an object is no key
      app.ingress<{ id: number }>('b', { key: (value) => value });
    });
  });
});
