// Programs as their authors would write them for PortalsJS, run as they are.
import { describe, expect, it } from 'vitest';
import { linesOf, printedBy } from './program.ts';

const downFrom = (n: number): number[] => Array.from({ length: n + 1 }, (_, i) => n - i);

/** What `name` printed, without the name. */
const said = (lines: readonly string[], name: string): string[] =>
  lines.filter((line) => line.startsWith(`${name} - `)).map((line) => line.slice(name.length + 3));

describe('a PortalsJS program, run as it is,', () => {
  it('counts down in a recursive workflow and prints the listing that is known from it', () => {
    const lines = linesOf(`
      var builder = PortalsJS.ApplicationBuilder("recursive")
      var generator = builder.generators.fromArray([128])
      var sequencer = builder.sequencers.random()
      var workflow = builder.workflows
        .source(sequencer.stream)
        .processor(ctx => x => {
          if (x > 0) {
            ctx.emit(x - 1)
          }
        })
        .logger()
        .sink()
        .freeze()
      var _ = builder.connections.connect(generator.stream, sequencer)
      var _ = builder.connections.connect(workflow.stream, sequencer)
      var application = builder.build()
      var system = PortalsJS.System()
      system.launch(application)
      system.stepUntilComplete()
    `);
    expect(lines.every((line) => /^\d\d:\d\d:\d\d\.\d{3} INFO \$6 - \d+$/.test(line))).toBe(true);
    expect(lines.map((line) => line.slice('HH:MM:SS.mmm INFO '.length))).toEqual(
      downFrom(127).map((n) => `$6 - ${n}`),
    );
  });

  it('greets the VLDB', () => {
    expect(
      printedBy(`
        let builder = PortalsJS.ApplicationBuilder("helloVLDB");
        let greetings = builder.generators.signal("Hello VLDB");
        builder.workflows
          .source(greetings.stream)
          .logger("before: ")
          .map(ctx => text => text.split("").reverse().join(""))
          .logger("after:  ")
          .sink()
          .freeze();
        let system = PortalsJS.System();
        system.launch(builder.build());
        system.stepUntilComplete();
        system.shutdown();
      `),
    ).toEqual(['$4 - before: Hello VLDB', '$6 - after:  BDLV olleH']);
  });

  it('counts the words of an atom and emits the counts at its end', () => {
    expect(
      printedBy(`
        let builder = PortalsJS.ApplicationBuilder("wordCount");
        let lines = builder.generators.fromArrayOfArrays([
          ["the quick brown fox", "jumps over the lazy dog"],
          ["the end"],
        ]);
        let counted = builder.workflows
          .source(lines.stream)
          .flatMap(ctx => line => line.split(/\\s+/))
          .processor(ctx => word => {
            let counts = PortalsJS.PerTaskState("counts", {}, ctx);
            let all = counts.get();
            all[word] = (all[word] || 0) + 1;
            counts.set(all);
          })
          .withOnAtomComplete(ctx => {
            let counts = PortalsJS.PerTaskState("counts", {}, ctx);
            for (let word of Object.keys(counts.get())) ctx.emit([word, counts.get()[word]]);
            counts.del();
          })
          .withName("count")
          .logger()
          .withName("counted")
          .sink()
          .freeze();
        let system = PortalsJS.System();
        system.launch(builder.build());
        system.stepUntilComplete();
      `),
    ).toEqual(
      ['the,2', 'quick,1', 'brown,1', 'fox,1', 'jumps,1', 'over,1', 'lazy,1', 'dog,1', 'the,1', 'end,1'].map(
        (line) => `counted - ${line}`,
      ),
    );
  });

  it('counts words as they come, per key', () => {
    expect(
      said(
        printedBy(`
          const hashOf = text => {
            let hash = 0;
            for (let i = 0; i < text.length; i++) hash = (hash * 31 + text.charCodeAt(i)) | 0;
            return hash;
          };
          let builder = PortalsJS.ApplicationBuilder("incrementalWordCount");
          builder.workflows
            .source(builder.generators.fromArray(["the quick brown fox jumps over the lazy dog"]).stream)
            .flatMap(ctx => line => line.split(" "))
            .map(ctx => word => [word, 1])
            .key(pair => hashOf(pair[0]))
            .processor(ctx => pair => {
              let count = PortalsJS.PerKeyState("count", 0, ctx);
              count.set(count.get() + pair[1]);
              ctx.emit([pair[0], count.get()]);
            })
            .logger()
            .withName("counts")
            .sink()
            .freeze();
          let system = PortalsJS.System();
          system.launch(builder.build());
          system.stepUntilComplete();
        `),
        'counts',
      ),
    ).toEqual(['the,1', 'quick,1', 'brown,1', 'fox,1', 'jumps,1', 'over,1', 'the,2', 'lazy,1', 'dog,1']);
  });

  it('sings step by step, with withStep and withLoop, and from the first again', () => {
    expect(
      printedBy(`
        let builder = PortalsJS.ApplicationBuilder("stepByStep");
        function* beats() {
          while (true) yield [0][Symbol.iterator]();
        }
        let sing = line => builder.tasks.processor(ctx => beat => ctx.log.info(line));
        builder.workflows
          .source(builder.generators.fromIteratorOfIterators(beats()).stream)
          .task(sing("row, row, row your boat"))
          .withStep(sing("gently down the stream"))
          .withLoop(2, sing("merrily"))
          .withStep(sing("life is but a dream"))
          .withName("singer")
          .sink()
          .freeze();
        let system = PortalsJS.System();
        system.launch(builder.build());
        // Two steps a beat: the generator, the workflow.
        for (let i = 0; i < 14; i++) system.step();
      `),
    ).toEqual(
      [
        'row, row, row your boat',
        'gently down the stream',
        'merrily',
        'merrily',
        'life is but a dream',
        'row, row, row your boat',
        'gently down the stream',
      ].map((line) => `singer - ${line}`),
    );
  });

  it('plays ping-pong with itself through a portal', () => {
    const lines = printedBy(`
      let builder = PortalsJS.ApplicationBuilder("pingPong");
      let portal = builder.portal.portal("pong");
      let nothing = builder.generators.empty();
      builder.workflows
        .source(nothing.stream)
        .replier(portal, ctx => x => {}, ctx => ball => ctx.reply(ball - 1))
        .sink()
        .freeze();
      function ping(ctx, ball) {
        let future = ctx.ask(portal, ball);
        ctx.await(future, inner => {
          let next = future.value(inner);
          if (next % 1024 == 0) inner.log.info(next);
          if (next > 0) ping(inner, next);
        });
      }
      builder.workflows
        .source(builder.generators.signal(131072).stream)
        .asker(portal, ctx => x => ping(ctx, x))
        .withName("ping")
        .sink()
        .freeze();
      let system = PortalsJS.System();
      system.launch(builder.build());
      system.stepUntilComplete();
    `);
    expect(lines).toEqual(downFrom(127).map((n) => `ping - ${n * 1024}`));
  });

  it('replies more than once to a request, and only the first reply counts', () => {
    expect(
      printedBy(`
        let builder = PortalsJS.ApplicationBuilder("countDown");
        let portal = builder.portal.portal("countDown");
        function answer(ctx, n) {
          if (n > 0) {
            let future = ctx.ask(portal, n - 1);
            ctx.await(future, ctx => { ctx.reply(answer(ctx, future.value(ctx))); });
          } else {
            ctx.reply(n);
          }
        }
        builder.workflows
          .source(builder.generators.signal(3).stream)
          .askerreplier(
            portal,
            portal,
            ctx => n => {
              let future = ctx.ask(portal, n);
              ctx.await(future, ctx => { ctx.log.info("down at " + future.value(ctx)); });
            },
            ctx => n => answer(ctx, n),
          )
          .withName("counter")
          .sink()
          .freeze();
        let system = PortalsJS.System();
        system.launch(builder.build());
        system.stepUntilComplete();
      `),
    ).toEqual(['counter - down at 0']);
  });

  it('queries an aggregate through a portal, and sees whole atoms only', () => {
    const lines = printedBy(`
      let builder = PortalsJS.ApplicationBuilder("dynamicQuery");
      let portal = builder.portal.portal("sum", query => 0);
      let numbers = builder.generators.fromArrayOfArrays(Array.from({ length: 10 }, () => [1, 2, 3, 4]));
      builder.workflows
        .source(numbers.stream)
        .key(x => 0)
        .replier(
          portal,
          ctx => x => {
            let sum = PortalsJS.PerKeyState("sum", 0, ctx);
            sum.set(sum.get() + x);
          },
          ctx => query => {
            ctx.reply(PortalsJS.PerKeyState("sum", 0, ctx).get());
          },
        )
        .sink()
        .freeze();
      let queries = builder.generators.fromArrayOfArrays(Array.from({ length: 10 }, () => ["sum?"]));
      builder.workflows
        .source(queries.stream)
        .asker(portal, ctx => query => {
          let future = ctx.ask(portal, query);
          ctx.await(future, ctx => { ctx.emit(future.value(ctx)); });
        })
        .logger()
        .withName("query")
        .sink()
        .freeze();
      let system = PortalsJS.System();
      system.launch(builder.build());
      system.stepUntilComplete();
    `);
    const sums = said(lines, 'query').map(Number);
    expect(sums).toHaveLength(10);
    expect(sums.filter((sum) => sum % 10 !== 0)).toEqual([]);
    expect(sums).toEqual(sums.toSorted((a, b) => a - b));
    expect(sums.at(-1)).toBeGreaterThan(0);
  });

  it('asks two questions and awaits the second within the first', () => {
    expect(
      printedBy(`
        let builder = PortalsJS.ApplicationBuilder("two");
        let prices = builder.portal.portal("prices");
        let stock = builder.portal.portal("stock");
        let reply = (portal, answers) =>
          builder.workflows
            .source(builder.generators.empty().stream)
            .replier(portal, ctx => x => {}, ctx => item => ctx.reply(answers[item]))
            .sink()
            .freeze();
        reply(prices, { tea: 3 });
        reply(stock, { tea: 12 });
        builder.workflows
          .source(builder.generators.fromArray(["tea"]).stream)
          .asker(prices, ctx => item => {
            let price = ctx.ask(prices, item);
            let left = ctx.ask(stock, item);
            ctx.await(price, ctx => {
              let each = price.value(ctx);
              ctx.await(left, ctx => ctx.emit(item + ": " + left.value(ctx) + " at " + each));
            });
          })
          .logger()
          .withName("shop")
          .sink()
          .freeze();
        let system = PortalsJS.System();
        system.launch(builder.build());
        system.stepUntilComplete();
      `),
    ).toEqual(['shop - tea: 12 at 3']);
  });

  it('splits a stream', () => {
    const lines = printedBy(`
      let builder = PortalsJS.ApplicationBuilder("splitting");
      let numbers = builder.generators.fromRange(0, 16, 4);
      let splitter = builder.splitters.empty(numbers.stream);
      let even = builder.splits.split(splitter, x => x % 2 == 0);
      let odd = builder.splits.split(splitter, x => x % 2 == 1);
      builder.workflows.source(even).logger().withName("even").sink().freeze();
      builder.workflows.source(odd).logger().withName("odd").sink().freeze();
      let system = PortalsJS.System();
      system.launch(builder.build());
      system.stepUntilComplete();
      system.shutdown();
    `);
    expect(said(lines, 'even')).toEqual(['0', '2', '4', '6', '8', '10', '12', '14']);
    expect(said(lines, 'odd')).toEqual(['1', '3', '5', '7', '9', '11', '13', '15']);
  });

  it('merges streams with a sequencer', () => {
    const lines = printedBy(`
      let builder = PortalsJS.ApplicationBuilder("merging");
      let sequencer = builder.sequencers.random();
      for (let generator of [
        builder.generators.fromRange(0, 8, 3),
        builder.generators.fromArray(["a", "b"]),
        builder.generators.fromIterator(["x", "y", "z"][Symbol.iterator]()),
        builder.generators.signal("!"),
        builder.generators.empty(),
      ]) {
        builder.connections.connect(generator.stream, sequencer);
      }
      builder.workflows.source(sequencer.stream).logger().withName("all").sink().freeze();
      let system = PortalsJS.System();
      system.launch(builder.build());
      system.stepUntilComplete();
    `);
    const all = said(lines, 'all');
    expect(all.filter((text) => /\d/.test(text))).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
    expect(all.filter((text) => /[a-z]/.test(text) && text < 'c')).toEqual(['a', 'b']);
    expect(all.filter((text) => text >= 'x')).toEqual(['x', 'y', 'z']);
    expect(all.filter((text) => text === '!')).toEqual(['!']);
    expect(all).toHaveLength(14);
  });

  it('runs several workflows from one cycle', () => {
    const lines = printedBy(`
      let builder = PortalsJS.ApplicationBuilder("multiDataflow");
      let sequencer = builder.sequencers.random();
      let down = builder.workflows
        .source(sequencer.stream)
        .flatMap(ctx => x => x > 0 ? [x - 1] : [])
        .sink()
        .freeze();
      builder.connections.connect(builder.generators.signal(8).stream, sequencer);
      builder.connections.connect(down.stream, sequencer);
      let power = n =>
        builder.workflowsWithName("power" + n)
          .source(down.stream)
          .map(ctx => x => x ** n)
          .logger()
          .withName("power" + n)
          .sink()
          .freeze();
      power(2);
      power(3);
      let system = PortalsJS.System();
      system.launch(builder.build());
      system.stepUntilComplete();
    `);
    expect(said(lines, 'power2')).toEqual(downFrom(7).map((n) => `${n ** 2}`));
    expect(said(lines, 'power3')).toEqual(downFrom(7).map((n) => `${n ** 3}`));
  });

  it('finds the stream, the sequencer, the splitter and the portal of another application', () => {
    const lines = printedBy(`
      let one = PortalsJS.ApplicationBuilder("one");
      let numbers = one.generatorsWithName("numbers").fromRange(0, 4, 2);
      one.workflowsWithName("squares").source(numbers.stream).map(ctx => x => x * x).sink().freeze();
      let inbox = one.sequencersWithName("inbox").random();
      one.splittersWithName("router").empty(inbox.stream);
      let double = one.portal.portal("double");
      one.workflows
        .source(one.generators.empty().stream)
        .replier(double, ctx => x => {}, ctx => x => ctx.reply(2 * x))
        .sink()
        .freeze();

      let two = PortalsJS.ApplicationBuilder("two");
      let squares = two.registry.streams.get("/one/workflows/squares/stream");
      two.connections.connect(squares, two.registry.sequencers.get("/one/sequencers/inbox"));
      let large = two.splits.split(two.registry.splitters.get("/one/splitters/router"), x => x > 1);
      let portal = two.registry.portals.get("/one/portals/double");
      two.workflows
        .source(large)
        .asker(portal, ctx => x => {
          let future = ctx.ask(portal, x);
          ctx.await(future, ctx => ctx.emit(x + " twice is " + future.value(ctx)));
        })
        .logger()
        .withName("two")
        .sink()
        .freeze();

      let system = PortalsJS.System();
      system.launch(one.build());
      system.launch(two.build());
      system.stepUntilComplete();
    `);
    expect(lines).toEqual(['two - 4 twice is 8', 'two - 9 twice is 18']);
  });

  it('keeps a sample of a stream', () => {
    const lines = printedBy(`
      let builder = PortalsJS.ApplicationBuilder("sampling");
      builder.workflows
        .source(builder.generators.fromRange(1, 1000, 100).stream)
        .init(ctx => {
          let seen = PortalsJS.PerTaskState("seen", 0, ctx);
          let sample = PortalsJS.PerTaskState("sample", [], ctx);
          return builder.tasks.processor(ctx => x => {
            let at = (seen.get() * 7919) % (seen.get() + 1);
            seen.set(seen.get() + 1);
            if (sample.get().length < 10) sample.set([...sample.get(), x]);
            else if (at < 10) sample.set(sample.get().map((old, i) => (i == at ? x : old)));
          });
        })
        .withOnAtomComplete(ctx => ctx.emit(PortalsJS.PerTaskState("sample", [], ctx).get()))
        .logger()
        .withName("sample")
        .sink()
        .freeze();
      let system = PortalsJS.System();
      system.launch(builder.build());
      system.stepUntilComplete();
    `);
    const samples = said(lines, 'sample').map((line) => line.split(',').map(Number));
    expect(samples).toHaveLength(10);
    samples.forEach((sample, atom) => {
      expect(new Set(sample).size).toBe(10);
      expect(sample.filter((x) => x < 1 || x > Math.min(999, (atom + 1) * 100))).toEqual([]);
    });
  });
});
