import { fail } from '@bigrid/errors';

export type Opcua = typeof import('node-opcua-client') &
  Pick<typeof import('node-opcua-certificate-manager'), 'OPCUACertificateManager'>;

/**
 * The packages that speak OPC UA, which are loaded only for a stream that needs them: they are optional.
 * @throws OPCUA_MISSING
 */
export async function loadOpcua(): Promise<Opcua> {
  try {
    const [client, { OPCUACertificateManager }] = await Promise.all([
      import('node-opcua-client'),
      import('node-opcua-certificate-manager'),
    ]);
    // It writes to standard output; what is wrong is in the state of the sink.
    client.setLogLevel(client.LogLevel.Critic);
    return { ...client, OPCUACertificateManager };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    return fail(
      'OPCUA_MISSING',
      'Expected the packages node-opcua-client and node-opcua-certificate-manager for an OPC UA server, but they are not installed',
      { cause },
    );
  }
}
