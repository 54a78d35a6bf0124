import { fail, isBigridError } from '@bigrid/errors';
import { reasonOf } from '@bigrid/node/internal';
import type { ClientSession, DataType, OPCUAClient } from 'node-opcua-client';
import { originOf, type SinkDefinition } from '../definitions.ts';
import { loadOpcua, type Opcua } from './opcua-packages.ts';

export type OpcuaDefinition = SinkDefinition & { type: 'opcua' };

/** What is written of a result; what is undefined stays as it is. */
export interface OpcuaValues {
  readonly anomalous: boolean;
  readonly verdict: string;
  readonly score: number | undefined;
  readonly image: string;
  readonly at: Date;
}

type Name = keyof OpcuaDefinition['nodes'];
type TypeName = keyof typeof DataType;

interface Variable {
  readonly name: Name;
  readonly nodeId: string;
  readonly type: TypeName;
}

/** Types that a variable may have. */
const types: Record<Name, readonly TypeName[]> = {
  anomalous: ['Boolean'],
  verdict: ['String'],
  score: ['Double', 'Float'],
  image: ['String'],
  at: ['DateTime'],
  count: ['UInt32', 'Int32', 'UInt16', 'Int16'],
};

/** Where a counter of a type begins again. */
const ends: Partial<Record<TypeName, number>> = {
  UInt32: 2 ** 32,
  Int32: 2 ** 31,
  UInt16: 2 ** 16,
  Int16: 2 ** 15,
};

/** Milliseconds. */
const LONGEST_TRY = 10_000;
const LONGEST_ANSWER = 5000;
/** After which the server forgets a client that says nothing; it does so more often. */
const SESSION = 30_000;

/** A session with an OPC UA server, in which results are written to its variables. */
export class OpcuaConnection {
  /** Settled once it is lost. */
  readonly lost: Promise<void>;
  readonly #opcua: Opcua;
  readonly #client: OPCUAClient;
  readonly #session: ClientSession;
  readonly #nodes: OpcuaDefinition['nodes'];
  /** Undefined if they may have changed. */
  #variables: readonly Variable[] | undefined;
  #count = 0;

  private constructor(
    opcua: Opcua,
    client: OPCUAClient,
    session: ClientSession,
    nodes: OpcuaDefinition['nodes'],
  ) {
    this.#opcua = opcua;
    this.#client = client;
    this.#session = session;
    this.#nodes = nodes;
    this.lost = new Promise((resolve) => {
      client.once('close', () => resolve());
      session.once('keepalive_failure', () => resolve());
    });
  }

  /**
   * Connects, and checks that the variables are there.
   * @param certificates folder of the own certificate and of those that are trusted
   * @param signal gives up
   * @throws OPCUA_MISSING; OPCUA_UNUSABLE
   */
  static async open(
    definition: OpcuaDefinition,
    certificates: string,
    signal: AbortSignal,
  ): Promise<OpcuaConnection> {
    const opcua = await loadOpcua();
    const { url, nodes, username: userName, password = '' } = definition;
    const client = createClient(opcua, definition, certificates);
    const disconnect = () => void client.disconnect().catch(() => {});
    signal.addEventListener('abort', disconnect, { once: true });
    try {
      await client.connect(url);
      const session = await client.createSession(
        userName === undefined
          ? undefined
          : { type: opcua.UserTokenType.UserName, userName, password },
      );
      const connection = new OpcuaConnection(opcua, client, session, nodes);
      await connection.#findVariables();
      return connection;
    } catch (error) {
      disconnect();
      if (isBigridError(error)) throw error;
      return fail(
        'OPCUA_UNUSABLE',
        `The OPC UA server cannot be used: ${problemOf(error, definition)}`,
      );
    } finally {
      signal.removeEventListener('abort', disconnect);
    }
  }

  /** @throws OPCUA_UNUSABLE if the server refuses a value, or does not answer */
  async write(values: OpcuaValues): Promise<void> {
    const { AttributeIds, DataType } = this.#opcua;
    const variables = this.#variables ?? (await this.#findVariables());
    this.#count++;
    const named = { ...values, count: this.#count };
    const written = variables.filter(({ name }) => named[name] !== undefined);
    const answers = await this.#session.write(
      written.map(({ name, nodeId, type }) => {
        const end = ends[type];
        const value = end === undefined ? named[name] : this.#count % end;
        const dataType = DataType[type];
        return { nodeId, attributeId: AttributeIds.Value, value: { value: { dataType, value } } };
      }),
    );
    const refused = written.flatMap(({ name, nodeId }, at) =>
      answers[at]?.isGood() ? [] : [`${answers[at]?.name} for ${name}, ${nodeId}`],
    );
    if (refused.length > 0) {
      this.#variables = undefined;
      fail(
        'OPCUA_UNUSABLE',
        `Expected the server to accept a result but received ${refused.join('; ')}`,
      );
    }
  }

  /** Ends the session, so that the server need not wait for it to time out. */
  async close(): Promise<void> {
    await this.#client.disconnect();
  }

  async #findVariables(): Promise<readonly Variable[]> {
    const { AttributeIds, DataType, findBasicDataType } = this.#opcua;
    const session = this.#session;
    const variables: Variable[] = [];
    for (const [name, allowed] of Object.entries(types) as [Name, readonly TypeName[]][]) {
      const nodeId = this.#nodes[name];
      if (nodeId === undefined) continue;
      const { statusCode, value } = await session.read({
        nodeId,
        attributeId: AttributeIds.DataType,
      });
      if (!statusCode.isGood()) {
        fail(
          'OPCUA_UNUSABLE',
          `Expected a variable for ${name} but received ${nodeId}: ${statusCode.name}`,
        );
      }
      const type = DataType[await findBasicDataType(session, value.value)] as TypeName;
      if (!allowed.includes(type)) {
        fail(
          'OPCUA_UNUSABLE',
          `Expected a variable of type ${allowed.join(' or ')} for ${name} but received ${nodeId} of type ${type}`,
        );
      }
      variables.push({ name, nodeId, type });
      if (name === 'count') await this.#readCount(nodeId);
    }
    this.#variables = variables;
    return variables;
  }

  /** Goes on from the count that the server has: whoever waits for another would not see the same one again. */
  async #readCount(nodeId: string): Promise<void> {
    const { value } = await this.#session.read({ nodeId });
    this.#count = typeof value.value === 'number' ? value.value : 0;
  }
}

function createClient(
  { MessageSecurityMode, OPCUACertificateManager, OPCUAClient, SecurityPolicy }: Opcua,
  { security }: OpcuaDefinition,
  certificates: string,
): OPCUAClient {
  const modes = {
    none: MessageSecurityMode.None,
    sign: MessageSecurityMode.Sign,
    'sign-and-encrypt': MessageSecurityMode.SignAndEncrypt,
  };
  return OPCUAClient.create({
    applicationName: 'Bigrid',
    // The name in the certificate, which is kept when the host gets another name.
    applicationUri: 'urn:bigrid',
    clientCertificateManager: new OPCUACertificateManager({
      rootFolder: certificates,
      disableFileWatchers: true,
    }),
    securityMode: modes[security],
    securityPolicy: security === 'none' ? SecurityPolicy.None : SecurityPolicy.Basic256Sha256,
    // Behind a router a server has other addresses than it says.
    endpointMustExist: false,
    // The sink connects again: it reads the variables again, too.
    connectionStrategy: { maxRetry: 0 },
    keepSessionAlive: true,
    requestedSessionTimeout: SESSION,
    transportTimeout: LONGEST_TRY,
    defaultTransactionTimeout: LONGEST_ANSWER,
  });
}

/** In our words where those of the library lead nowhere; of the URL, which may hold a secret, it shows only the host. */
function problemOf(error: unknown, { url, security }: OpcuaDefinition): string {
  const text = reasonOf(error).replaceAll(url, originOf(url));
  if (text.includes('BadCertificateUntrusted')) {
    return 'its certificate is not trusted, so it was put into opcua/rejected in the data folder; move it to opcua/trusted/certs if it is the right one (BadCertificateUntrusted)';
  }
  if (text.includes('ANONYMOUS user token')) return 'it asks for a username and a password';
  if (text.includes('waiting for data on socket'))
    return 'it does not answer as such a server does';
  if (/end ?point/i.test(text)) return `it does not offer "security": "${security}"`;
  const [, cause = text] = /Err = \((.*)\)$/s.exec(text) ?? [];
  return cause.replace('serviceResult = ', '').trim();
}
