import { fail } from '@bigrid/errors';
import { postLine, reasonOf } from '@bigrid/node/internal';
import {
  originOf,
  type ReceiverDefinition,
  receiverWithSecretsOf,
  type StreamDefinition,
} from '../definitions.ts';
import { publishTest } from './mqtt-sink.ts';

/** Milliseconds that a receiver has to answer. */
const PATIENCE = 10_000;

/** What shows whether a receiver can be reached. */
interface TestMessage {
  readonly type: 'test';
  readonly at: string;
  readonly stream: string;
  readonly model: string;
}

/**
 * Sends a test message to a webhook or a broker.
 * @param receiver of the stream, or a new one; what responses hide of one that it has need not be given
 * @throws RECEIVER_UNAVAILABLE
 */
export async function sendTest(
  definition: StreamDefinition,
  receiver: ReceiverDefinition,
): Promise<void> {
  const { name: stream, model } = definition;
  const whole = receiverWithSecretsOf(definition, receiver);
  const message: TestMessage = { type: 'test', at: new Date().toISOString(), stream, model };
  try {
    if (whole.type === 'webhook') await postTest(whole.url, message);
    else await publishTest(whole, stream, message);
  } catch (cause) {
    fail(
      'RECEIVER_UNAVAILABLE',
      `Expected ${originOf(whole.url)} to accept a test message but received: ${reasonOf(cause)}`,
      { cause },
    );
  }
}

async function postTest(url: string, message: TestMessage): Promise<void> {
  const patience = AbortSignal.timeout(PATIENCE);
  const { trouble } = await postLine(new URL(url), JSON.stringify(message), patience);
  if (trouble !== undefined) throw new Error(trouble);
}
