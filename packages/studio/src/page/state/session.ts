import { signal } from '@preact/signals';
import { request } from '../api/client.ts';

export interface Session {
  readonly keysRequired: boolean;
  readonly caller: { readonly name: string; readonly role: 'viewer' | 'operator' | 'admin' } | null;
}

/** Who uses the page; undefined until the server has said it. */
export const session = signal<Session | undefined>(undefined);

const PATH = 'v1/session';

export async function loadSession(): Promise<void> {
  session.value = await request<Session>(PATH);
}

/** @throws ApiError: KEY_INVALID */
export async function signIn(key: string): Promise<void> {
  await request(PATH, { method: 'POST', body: { key } });
  await loadSession();
}

export async function signOut(): Promise<void> {
  await request(PATH, { method: 'DELETE' });
  await loadSession();
}
