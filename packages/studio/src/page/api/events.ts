import { checkConnection } from './connection.ts';

/** What to do with each event, by its type. The data is JSON. */
export type EventHandlers = Readonly<Record<string, (data: never, id: string) => void>>;

/** Milliseconds until a stream that the browser gave up is opened again. */
const RETRY_AFTER = 2000;

/**
 * Follows server-sent events until the signal is aborted or the server says that there are no more. The browser connects
 * again after a lost connection, and continues behind the last event.
 * @param onConnection is told when the connection is lost, and when it is back
 */
export function follow(
  url: string,
  handlers: EventHandlers,
  signal: AbortSignal,
  onConnection: (isConnected: boolean) => void = () => {},
): void {
  if (signal.aborted) return;
  const source = new EventSource(url);
  const close = () => source.close();
  signal.addEventListener('abort', close, { once: true });
  source.onopen = () => onConnection(true);
  source.onerror = () => {
    onConnection(false);
    checkConnection();
    if (source.readyState !== EventSource.CLOSED) return;
    signal.removeEventListener('abort', close);
    // A proxy or a starting server answered with an error, after which browsers do not try again.
    setTimeout(() => follow(url, handlers, signal, onConnection), RETRY_AFTER);
  };
  for (const [type, handle] of Object.entries(handlers)) {
    source.addEventListener(type, ({ data, lastEventId }: MessageEvent<string>) =>
      handle(JSON.parse(data) as never, lastEventId),
    );
  }
}
