import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { imageBytes, useServer } from '../../testing/server.ts';

const used = useServer();
const path = '/v2/models/part/infer';
let encoded: Buffer;
let pixels: Buffer;
let score: number;

beforeAll(async () => {
  encoded = await imageBytes(51, true);
  pixels = await sharp(encoded).raw().toBuffer();
  const response = await used.server.send('POST', '/v1/models/part/inspect', encoded);
  ({ score } = (await response.json()) as { score: number });
});

// biome-ignore lint/suspicious/noExplicitAny: each test states what it expects
type Fields = Record<string, any>;

const shape = [1, 64, 64, 3];
const tensor = (changes: object = {}) => ({ name: 'image', datatype: 'UINT8', shape, ...changes });
const binary = () => tensor({ parameters: { binary_data_size: pixels.length } });

/** A body of JSON and the bytes after it, with the header that gives the length of the JSON. */
async function infer(
  json: unknown,
  bytes: Uint8Array = Buffer.alloc(0),
  length: (actual: number) => string | undefined = (actual) =>
    bytes.length ? `${actual}` : undefined,
): Promise<Fields & { status: number; json: Fields; tail: Buffer }> {
  const head = Buffer.from(typeof json === 'string' ? json : JSON.stringify(json));
  const stated = length(head.length);
  const response = await used.server.send('POST', path, Buffer.concat([head, bytes]), {
    'content-type': 'application/octet-stream',
    ...(stated !== undefined && { 'Inference-Header-Content-Length': stated }),
  });
  const body = Buffer.from(await response.arrayBuffer());
  const split = Number(response.headers.get('Inference-Header-Content-Length') ?? body.length);
  return {
    status: response.status,
    json: JSON.parse(body.subarray(0, split).toString()) as Fields,
    tail: body.subarray(split),
  };
}

const outputs = (json: Fields): Fields =>
  Object.fromEntries(json.outputs.map((output: Fields) => [output.name, output]));

describe('the Open Inference Protocol', () => {
  it('takes pixels as binary data or JSON, and encoded images', async () => {
    const flat = [...pixels];
    const nested = [
      Array.from({ length: 64 }, (_, y) =>
        Array.from({ length: 64 }, (_, x) => flat.slice(3 * (64 * y + x), 3 * (64 * y + x) + 3)),
      ),
    ];
    const length = Buffer.alloc(4);
    length.writeUInt32LE(encoded.length);
    const element = Buffer.concat([length, encoded]);
    const asked = [
      infer({ inputs: [binary()] }, pixels),
      infer({ inputs: [tensor({ data: flat })] }),
      infer({ inputs: [tensor({ data: nested })] }),
      infer({
        inputs: [tensor({ datatype: 'BYTES', shape: [1], data: [encoded.toString('base64')] })],
      }),
      infer(
        {
          inputs: [
            tensor({
              datatype: 'BYTES',
              shape: [1],
              parameters: { binary_data_size: element.length },
            }),
          ],
        },
        element,
      ),
    ];
    for (const { status, json } of await Promise.all(asked)) {
      expect(status).toBe(200);
      expect(outputs(json).score).toMatchObject({ datatype: 'FP32', shape: [1] });
      expect(outputs(json).score.data[0]).toBeCloseTo(score, 4);
    }
  });

  it('returns the outputs that are asked for, in JSON or as binary data', async () => {
    const { json, tail } = await infer(
      {
        id: 'mine',
        inputs: [binary()],
        outputs: [
          { name: 'verdict', parameters: { binary_data: true } },
          { name: 'score' },
          { name: 'anomaly_map', parameters: { binary_data: true } },
        ],
      },
      pixels,
    );
    expect(json).toMatchObject({ id: 'mine', model_name: 'part', model_version: '1' });
    const [verdict, plain, map] = json.outputs;
    expect(verdict).toMatchObject({ datatype: 'BYTES', parameters: { binary_data_size: 13 } });
    expect(plain.data[0]).toBeCloseTo(score, 4);
    expect(map).toMatchObject({
      shape: [1, 256, 256],
      parameters: { binary_data_size: 4 * 256 ** 2 },
    });
    expect(tail.subarray(4, 13).toString()).toBe('anomalous');
    expect(tail).toHaveLength(13 + 4 * 256 ** 2);
    const all = await infer(
      { inputs: [binary()], parameters: { binary_data_output: true } },
      pixels,
    );
    expect(Object.keys(outputs(all.json))).toEqual([
      'anomaly_map',
      'score',
      'threshold',
      'p_value',
      'is_anomalous',
      'verdict',
    ]);
    expect(all.json.outputs.every((output: Fields) => output.data === undefined)).toBe(true);
  });

  it('describes itself and its models', async () => {
    const get = async (url: string) => (await used.server.send('GET', url)).json();
    expect(await get('/v2')).toMatchObject({ name: 'bigrid', extensions: ['binary_tensor_data'] });
    expect(await get('/v2/models/part')).toMatchObject({
      name: 'part',
      versions: ['1'],
      inputs: [{ name: 'image', datatype: 'UINT8', shape: [1, -1, -1, 3] }],
    });
    expect(await get('/v2/models/part/versions/1/ready')).toEqual({ name: 'part', ready: true });
    expect(await get('/v2/models/part/versions/9/ready')).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('refuses what does not add up', async () => {
    const more = (size: number) => tensor({ parameters: { binary_data_size: size } });
    const cases: [string, ReturnType<typeof infer>][] = [
      ['no JSON', infer('{', undefined)],
      ['binary data without the header', infer({ inputs: [binary()] }, pixels, () => undefined)],
      ['a header past the body', infer({ inputs: [binary()] }, pixels, () => '99999999')],
      ['a header in the middle of the JSON', infer({ inputs: [binary()] }, pixels, () => '10')],
      ['a negative header', infer({ inputs: [binary()] }, pixels, () => '-1')],
      ['a header that is no number', infer({ inputs: [binary()] }, pixels, () => '1e3')],
      ['a tensor past the body', infer({ inputs: [more(pixels.length + 1)] }, pixels)],
      ['bytes after the last tensor', infer({ inputs: [more(pixels.length - 1)] }, pixels)],
      ['a fraction of a byte', infer({ inputs: [more(0.5)] }, pixels)],
      [
        'a shape of more pixels',
        infer({ inputs: [{ ...binary(), shape: [1, 64, 65, 3] }] }, pixels),
      ],
      ['a huge shape', infer({ inputs: [tensor({ shape: [1, 1e9, 1e9, 3], data: [1] })] })],
      ['an empty shape', infer({ inputs: [tensor({ shape: [1, 0, 0, 3], data: [] })] })],
      ['two images at once', infer({ inputs: [tensor({ shape: [2, 64, 64, 3], data: [] })] })],
      ['grey pixels', infer({ inputs: [tensor({ shape: [1, 64, 64, 1], data: [] })] })],
      ['too few values', infer({ inputs: [tensor({ data: [1, 2, 3] })] })],
      ['no values', infer({ inputs: [tensor()] })],
      ['values beyond a byte', infer({ inputs: [tensor({ data: Array(64 * 64 * 3).fill(256) })] })],
      ['fractions', infer({ inputs: [tensor({ data: Array(64 * 64 * 3).fill(0.5) })] })],
      ['another type', infer({ inputs: [tensor({ datatype: 'FP32', data: [1] })] })],
      ['another name', infer({ inputs: [tensor({ name: 'x', data: [1] })] })],
      ['two inputs', infer({ inputs: [tensor({ data: [1] }), tensor({ data: [1] })] })],
      ['no inputs', infer({ inputs: [] })],
      ['an unknown output', infer({ inputs: [binary()], outputs: [{ name: 'x' }] }, pixels)],
      ['no base64', infer({ inputs: [tensor({ datatype: 'BYTES', shape: [1], data: ['%'] })] })],
    ];
    for (const [name, asked] of cases) {
      const { status, json } = await asked;
      expect([name, status, json.code, typeof json.error]).toEqual([
        name,
        400,
        'REQUEST_INVALID',
        'string',
      ]);
    }
  });

  const python = process.env.BIGRID_CLIENTS;
  it.skipIf(!python)(
    'serves the clients of Triton and KServe, unchanged (needs BIGRID_CLIENTS)',
    async () => {
      await writeFile(used.at('part.png'), encoded);
      const program = new URL('../../testing/clients.py', import.meta.url).pathname;
      const args = [program, used.server.url, 'part', used.at('part.png')];
      const { stdout } = await promisify(execFile)(python as string, args);
      const { triton, kserve } = JSON.parse(stdout) as Fields;
      const same = { score: expect.closeTo(score, 4), map: [1, 256, 256] };
      const judged = { ...same, is_anomalous: true, verdict: 'anomalous' };
      expect(triton).toMatchObject({
        live: true,
        ready: true,
        model_ready: true,
        version_ready: true,
        inputs: ['image'],
        binary: { ...judged, id: 'of binary' },
        json: { ...judged, id: 'of json' },
        encoded: judged,
        missing: expect.stringContaining('no-such-model'),
      });
      expect(kserve).toMatchObject({
        live: true,
        ready: true,
        model_ready: true,
        binary: { ...same, id: 'of binary' },
        json: { ...same, id: 'of json' },
      });
    },
  );
});
