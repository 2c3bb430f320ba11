// A blog post as a state machine: blank, draft, published. Each state is a behavior, what it knows are its arguments, and
// the next state is what the handler returns.
import process from 'node:process';
import { behavior, receive, same, start, type ActorRef, type Behavior } from 'portico';

interface Content {
  readonly title: string;
  readonly body: string;
}

type Post =
  | { type: 'write'; content: Content; replyTo: ActorRef<Answer> }
  | { type: 'edit'; body: string; replyTo: ActorRef<Answer> }
  | { type: 'publish'; replyTo: ActorRef<Answer> }
  | { type: 'show'; replyTo: ActorRef<Answer> };

type Answer = { state: 'blank' } | { state: 'draft' | 'published'; content: Content } | { refused: string };

const blank = behavior('blank', (): Behavior<Post> =>
  receive((message, ctx) => {
    switch (message.type) {
      case 'write':
        ctx.send(message.replyTo, { state: 'draft', content: message.content });
        return draft(message.content);
      case 'show':
        ctx.send(message.replyTo, { state: 'blank' });
        return same;
      default:
        ctx.send(message.replyTo, { refused: `there is nothing to ${message.type} yet` });
        return same;
    }
  }),
);

const draft = behavior('draft', (content: Content): Behavior<Post> =>
  receive((message, ctx) => {
    switch (message.type) {
      case 'write':
        ctx.send(message.replyTo, { refused: 'it is written already' });
        return same;
      case 'edit': {
        const edited = { ...content, body: message.body };
        ctx.send(message.replyTo, { state: 'draft', content: edited });
        return draft(edited);
      }
      case 'publish':
        ctx.send(message.replyTo, { state: 'published', content });
        return published(content);
      case 'show':
        ctx.send(message.replyTo, { state: 'draft', content });
        return same;
    }
  }),
);

const published = behavior('published', (content: Content) =>
  receive<Post>(({ type, replyTo }, ctx) => {
    ctx.send(replyTo, type === 'show' ? { state: 'published', content } : { refused: 'it is out already' });
    return same;
  }),
);

export async function main(print: (line: string) => void): Promise<void> {
  await using system = await start({ behaviors: { blank, draft, published }, seed: 1 });
  const post = system.entity(blank(), 'post-1');
  const say = (what: string, answer: Answer): void => {
    if ('refused' in answer) print(`${what}: no, ${answer.refused}`);
    else print(`${what}: ${answer.state}${answer.state === 'blank' ? '' : `, “${answer.content.body}”`}`);
  };
  const content = { title: 'Actors', body: 'They send messages.' };

  say('publish', await system.ask(post, { type: 'publish' }));
  say('write', await system.ask(post, { type: 'write', content }));
  say('write', await system.ask(post, { type: 'write', content }));
  say('edit', await system.ask(post, { type: 'edit', body: 'They send messages, and change.' }));
  say('publish', await system.ask(post, { type: 'publish' }));
  say('edit', await system.ask(post, { type: 'edit', body: 'Too late.' }));
  say('show', await system.ask(post, { type: 'show' }));
}

if (process.argv[1] === import.meta.filename) await main((line) => console.log(line));
