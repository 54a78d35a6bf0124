import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { reasonOf } from '@bigrid/node/internal';
import { connect, connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import type { SinkDefinition } from '../definitions.ts';
import type { Delivery, DriftAlert, Sink, SinkState, StreamResult } from './sink.ts';

type MqttDefinition = SinkDefinition & { type: 'mqtt' };

/** Results that the broker has not acknowledged; further ones are skipped. */
const MOST_PENDING = 1000;
/** Milliseconds. */
const BETWEEN_TRIES = 2000;
const LONGEST_TRY = 10_000;
const LONGEST_GOODBYE = 2000;

/**
 * Publishes each result. The availability topic holds `online` while it is connected and `offline` otherwise, which the broker
 * itself publishes if the connection breaks.
 */
export class MqttSink implements Sink {
  readonly #topic: string;
  readonly #availability: string;
  readonly #definition: MqttDefinition;
  readonly #state: SinkState;
  readonly #client: MqttClient;
  #pending = 0;

  constructor(definition: MqttDefinition, stream: string, state: SinkState) {
    const topic = topicOf(definition, stream);
    this.#definition = definition;
    this.#state = state;
    this.#topic = topic;
    this.#availability = definition.availabilityTopic ?? `${topic}/availability`;
    this.#client = connect(definition.url, {
      ...clientOptions(definition),
      will: { topic: this.#availability, payload: Buffer.from('offline'), qos: 1, retain: true },
      reconnectPeriod: BETWEEN_TRIES,
      // A refused password may be corrected at the broker.
      reconnectOnConnackError: true,
      queueQoSZero: false,
    });
    this.#client
      .on('connect', () => {
        state.trouble = undefined;
        this.#client.publish(this.#availability, 'online', { qos: 1, retain: true });
      })
      .on('error', (error) => {
        state.trouble = `The broker cannot be reached: ${reasonOf(error)}`;
      })
      .on('offline', () => {
        state.trouble ??= 'The broker cannot be reached';
      });
  }

  async take({ result }: Delivery): Promise<void> {
    this.#publish(this.#topic, result);
  }

  /** On a topic of its own, so that whoever reads results gets nothing else. */
  async alert(alert: DriftAlert): Promise<void> {
    this.#publish(`${this.#topic}/drift`, alert);
  }

  #publish(topic: string, message: StreamResult | DriftAlert): void {
    const { qos, retain } = this.#definition;
    if (this.#pending >= MOST_PENDING) {
      this.#state.countLost(`The broker has not acknowledged ${MOST_PENDING} results`);
      return;
    }
    this.#pending++;
    this.#client.publish(topic, JSON.stringify(message), { qos, retain }, (error) => {
      this.#pending--;
      if (error) this.#state.countLost(reasonOf(error));
      else this.#state.countDelivered();
    });
  }

  async close(): Promise<void> {
    const client = this.#client;
    if (client.connected) {
      const goodbye = client
        .publishAsync(this.#availability, 'offline', { qos: 1, retain: true })
        .then(() => client.endAsync());
      await Promise.race([goodbye.catch(() => {}), setTimeout(LONGEST_GOODBYE)]);
    }
    await client.endAsync(true);
  }
}

/** Publishes one message next to the results, on a connection of its own. @throws if the broker does not take it */
export async function publishTest(
  definition: MqttDefinition,
  stream: string,
  message: object,
): Promise<void> {
  const client = await connectAsync(definition.url, clientOptions(definition), false);
  try {
    const topic = `${topicOf(definition, stream)}/test`;
    await client.publishAsync(topic, JSON.stringify(message), { qos: 1 });
  } finally {
    await client.endAsync(true);
  }
}

function topicOf({ topic }: MqttDefinition, stream: string): string {
  return topic ?? `bigrid/${stream}`;
}

function clientOptions({ username, password }: MqttDefinition): IClientOptions {
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    clientId: `bigrid-${randomBytes(6).toString('hex')}`,
    connectTimeout: LONGEST_TRY,
  };
}
