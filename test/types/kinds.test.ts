import { describe, it } from 'vitest';
import { application } from 'portico/dataflow';

describe('the compiler', () => {
  it('tells the kinds of handles apart, whatever they carry', () => {
    application('kinds', (app) => {
      const ingress = app.ingress<string>();
      const sequencer = app.sequencer<string>();
      const splitter = app.splitter(ingress.stream);
      const portal = app.portal<string, string>('portal');
      // @ts-expect-error the stream of an ingress is ingress.stream
      app.workflow().source(ingress);
      // @ts-expect-error the stream of a sequencer is sequencer.stream
      app.workflow().source(sequencer);
      // @ts-expect-error a splitter has splits, and each of them is a stream
      app.workflow().source(splitter);
      // @ts-expect-error a portal is asked
      app.workflow().source(portal);
      // @ts-expect-error an ingress has one producer: the outside
      app.connect(ingress.stream, ingress);
      // @ts-expect-error a stream has to be split first
      app.split(ingress.stream, () => true);
    });
  });

  it('lets a stream flow into a sequencer of more', () => {
    application('more', (app) => {
      const both = app.sequencer<string | number>();
      app.connect(app.generators.signal('one'), both);
      app.connect(app.generators.signal(1), both);
      // @ts-expect-error true is neither
      app.connect(app.generators.signal(true), both);
    });
  });
});
