import { setTimeout } from 'node:timers/promises';
import { reasonOf } from '@bigrid/node/internal';
import { OpcuaConnection, type OpcuaDefinition } from './opcua-connection.ts';
import type { Delivery, Sink, SinkState, StreamResult } from './sink.ts';

/** Results that the server has not acknowledged; further ones are skipped. */
const MOST_PENDING = 100;
/** Milliseconds. */
const BETWEEN_TRIES = 2000;
const LONGEST_GOODBYE = 2000;

/** Writes each result to variables of an OPC UA server, while it is connected: what comes late would be taken for the latest. */
export class OpcuaSink implements Sink {
  readonly #definition: OpcuaDefinition;
  readonly #certificates: string;
  readonly #state: SinkState;
  readonly #stopped = new AbortController();
  readonly #done: Promise<void>;
  #connection: OpcuaConnection | undefined;
  #pending = 0;
  /** Results are written one after the other. */
  #turn: Promise<void> = Promise.resolve();

  /** @param certificates folder of the own certificate and of those that are trusted */
  constructor(definition: OpcuaDefinition, certificates: string, state: SinkState) {
    this.#definition = definition;
    this.#certificates = certificates;
    this.#state = state;
    state.waitFor('Connecting to the OPC UA server');
    this.#done = this.#stayConnected();
  }

  async take({ result }: Delivery): Promise<void> {
    const connection = this.#connection;
    if (!connection) {
      this.#state.skipped++;
      return;
    }
    if (this.#pending >= MOST_PENDING) {
      this.#state.countLost(`The OPC UA server has not acknowledged ${MOST_PENDING} results`);
      return;
    }
    this.#pending++;
    this.#turn = this.#turn.then(async () => {
      try {
        await connection.write(valuesOf(result));
        this.#state.countDelivered();
      } catch (error) {
        this.#state.countLost(reasonOf(error));
      }
      this.#pending--;
    });
  }

  async close(): Promise<void> {
    await Promise.race([this.#turn, setTimeout(LONGEST_GOODBYE)]);
    this.#stopped.abort();
    await Promise.race([this.#done, setTimeout(LONGEST_GOODBYE)]);
  }

  async #stayConnected(): Promise<void> {
    const { signal } = this.#stopped;
    const stopped = new Promise((resolve) => signal.addEventListener('abort', resolve));
    while (!signal.aborted) {
      try {
        const connection = await OpcuaConnection.open(this.#definition, this.#certificates, signal);
        this.#connection = connection;
        this.#state.trouble = undefined;
        await Promise.race([connection.lost, stopped]);
        this.#connection = undefined;
        if (!signal.aborted) this.#state.trouble = 'The connection to the OPC UA server was lost';
        await connection.close();
      } catch (error) {
        this.#state.trouble = reasonOf(error);
      }
      await setTimeout(BETWEEN_TRIES, undefined, { signal }).catch(() => {});
    }
  }
}

function valuesOf(result: StreamResult) {
  const { at, image } = result;
  const judged =
    'error' in result
      ? // Whoever looks at this alone must not take it for a good part.
        { anomalous: true, verdict: 'error', score: undefined }
      : { anomalous: result.isAnomalous, verdict: result.verdict, score: result.score };
  return { ...judged, image, at: new Date(at) };
}
