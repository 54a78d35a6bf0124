import type { TestServer } from './server.ts';

export interface ReceivedEvent {
  readonly id: number;
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: it has the shape that its type says.
  readonly data: any;
}

/** Server-sent events as they come, until there are no more. Leaving the loop closes the connection. */
export async function* eventsAt(
  server: Pick<TestServer, 'send'>,
  path: string,
  headers: Record<string, string> = {},
): AsyncGenerator<ReceivedEvent> {
  const response = await server.send('GET', path, undefined, headers);
  if (!response.body) return;
  let text = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const blocks = text.split('\n\n');
    text = blocks.pop() as string;
    for (const block of blocks) {
      const [, id, type, data] = /^id: (\d+)\nevent: (\w+)\ndata: (.*)$/.exec(block) ?? [];
      if (id) yield { id: Number(id), type: type as string, data: JSON.parse(data as string) };
    }
  }
}
