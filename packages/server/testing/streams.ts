import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { beforeAll, expect } from 'vitest';
import { imageBytes, startServer, tinyModel, useFolder } from './server.ts';

/** A temporary folder with a small model, `part.onnx`, and good images, `good/0.png` to `good/3.png`. */
export function useTinyModel(): (...parts: string[]) => string {
  const at = useFolder();
  beforeAll(async () => {
    await writeFile(at('part.onnx'), await tinyModel());
    await mkdir(at('good'));
    for (let n = 0; n < 4; n++) await writeFile(at('good', `${n}.png`), await imageBytes(n));
  });
  return at;
}

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape.
  readonly body: any;
}

/**
 * A server that its caller closes.
 * @param watch folders that it may read
 * @param model a file to add as model `part`
 */
export async function startStreamServer(data: string, watch: string[], model?: string) {
  const { url, send, close } = await startServer(data, { watch });
  const answerOf = async (response: Response): Promise<Answer> => {
    const text = await response.text();
    return { status: response.status, body: text && JSON.parse(text) };
  };
  const addModel = async (file: string) => {
    const added = await send('POST', '/v1/models/part/versions', await readFile(file));
    expect(added.status).toBe(201);
  };
  if (model !== undefined) await addModel(model);
  return {
    url,
    send,
    close,
    addModel,
    get: async (path: string) => answerOf(await send('GET', path)),
    post: async (path: string, body?: unknown) => answerOf(await send('POST', path, body)),
    delete: async (path: string) => answerOf(await send('DELETE', path)),
  };
}

/** Whether a command of the system is installed. */
export function isInstalled(command: string, version: string): boolean {
  try {
    execFileSync(command, [version], { stdio: 'ignore' });
    return true;
  } catch (error) {
    // mosquitto has no option for its version alone, and ends with an error.
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
}
