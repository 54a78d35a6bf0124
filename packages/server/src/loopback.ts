import { lookup } from 'node:dns/promises';
import { BlockList } from 'node:net';

const addresses = new BlockList();
addresses.addSubnet('127.0.0.0', 8);
addresses.addAddress('::1', 'ipv6');

/** Whether a host name or address reaches nothing but this machine, so that only its own programs can connect. */
export async function isLoopback(host: string): Promise<boolean> {
  const found = await lookup(host, { all: true }).catch(() => []);
  return (
    found.length > 0 &&
    found.every(({ address, family }) => addresses.check(address, family === 6 ? 'ipv6' : 'ipv4'))
  );
}
