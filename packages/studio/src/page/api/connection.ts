import { signal } from '@preact/signals';

/** Whether the server answers. */
export const isConnected = signal(true);

/** Milliseconds between two questions while it does not. */
const AGAIN = 1000;
let isAsking = false;

/** After a failed request: asks whether the server still answers and, if it does not, again and again until it does. */
export async function checkConnection(): Promise<void> {
  if (isAsking) return;
  isAsking = true;
  while (!(await isAlive())) {
    isConnected.value = false;
    await new Promise((resolve) => setTimeout(resolve, AGAIN));
  }
  isAsking = false;
  isConnected.value = true;
}

async function isAlive(): Promise<boolean> {
  const response = await fetch('health/live', { cache: 'no-store' }).catch(() => undefined);
  return response?.ok ?? false;
}
