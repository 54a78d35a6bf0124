import { mkdir } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  bigrid,
  ended,
  start,
  trainTiny,
  useTemporaryFolder,
  write,
  writeImages,
} from '../testing/command-line.ts';

const at = useTemporaryFolder();
let model: string;

beforeAll(async () => {
  model = await trainTiny(at);
  await writeImages(at('parts', 'good'), 4);
  await mkdir(at('empty', 'good'), { recursive: true });
  await mkdir(at('empty-train', 'train', 'good'), { recursive: true });
  await write(at('texts', 'good', 'a.heic'), 'no image that is read');
  await write(at('texts', 'other', 'notes.txt'), 'text');
  await write(at('unreadable', 'good', '1.png'), 'not an image');
  await write(at('notes.txt'), 'text\n');
});

/** A mistake, and what its error must say: what happened, then what to do about it. */
type Mistake = readonly [
  what: string,
  words: readonly string[],
  code: string,
  said: RegExp,
  todo: RegExp,
];

const modelFirst = /Name the \.onnx file .* comes before the folder of images/;

describe('the remedy fits the mistake', () => {
  const mistakes = (): readonly Mistake[] => [
    ...['evaluate', 'update', 'watch'].map(
      (command): Mistake => [
        `${command} with its arguments swapped`,
        [
          command,
          at('parts'),
          model,
          ...(/calibrate|update/.test(command) ? ['--out', at('n.onnx')] : []),
        ],
        'PATH_UNREADABLE',
        /Expected a model file at \S+parts but received a folder/,
        modelFirst,
      ],
    ),
    [
      'training on a model file',
      ['train', model, '--out', at('n.onnx')],
      'PATH_MISSING',
      /received a file/,
      /Name a folder of images/,
    ],
    [
      'an image for the model',
      ['inspect', at('parts', 'good', '0.png'), model],
      'BUNDLE_INVALID',
      /ONNX model/,
      /Name the \.onnx file/,
    ],
    [
      'a log for the model',
      ['drift', at('notes.txt'), model],
      'BUNDLE_INVALID',
      /ONNX model/,
      /Name the \.onnx file/,
    ],
    [
      'a text for the log',
      ['drift', model, at('notes.txt')],
      'LOG_INVALID',
      /log of inspections/,
      /^Name a log that/,
    ],
    [
      'an empty folder `good`',
      ['train', at('empty'), '--out', at('n.onnx')],
      'DATA_NO_GOOD',
      /received the folder good \(empty\)/,
      /Put good images/,
    ],
    [
      'an empty `train/good`',
      ['train', at('empty-train'), '--out', at('n.onnx')],
      'DATA_NO_GOOD',
      /received the folder good \(empty\)/,
      /Put good images/,
    ],
    [
      'folders of other files',
      ['train', at('texts'), '--out', at('n.onnx')],
      'DATA_NO_GOOD',
      /the folders good \(1 file that is not an image\), other \(1 file that is not an image\)/,
      /Put good images/,
    ],
    [
      'no test images in `good`',
      ['evaluate', model, at('empty')],
      'DATA_NO_TEST',
      /received the folder good \(empty\)/,
      /Put good test images/,
    ],
    [
      'good images none of which can be read',
      ['calibrate', model, at('unreadable'), '--out', at('n.onnx')],
      'DATA_NO_GOOD',
      /none of 1/,
      /error of each image was reported above/,
    ],
    [
      'test images none of which can be read',
      ['evaluate', model, at('unreadable')],
      'DATA_NO_TEST',
      /none of 1/,
      /error of each image was reported above/,
    ],
    [
      'a folder for a file to write',
      ['evaluate', model, at('parts'), '--json', at('parts')],
      'OUTPUT_UNWRITABLE',
      /received a folder/,
      /Name a file, not a folder/,
    ],
    [
      'a file among the folders of a path',
      ['evaluate', model, at('parts', 'good', '0.png', 'x')],
      'PATH_MISSING',
      /a path through one/,
      /Name a folder, .* or correct the path/,
    ],
    [
      'another kind of file for the model',
      ['train', at('parts'), '--out', at('t.pt')],
      'OPTION_INVALID',
      /named \.onnx for the model but received \S+t\.pt/,
      /Name it \.onnx/,
    ],
    [
      'the same of calibrate',
      ['calibrate', model, '--threshold', '1', '--out', at('t.bin')],
      'OPTION_INVALID',
      /named \.onnx/,
      /Name it \.onnx/,
    ],
    [
      'the model itself for results',
      ['evaluate', model, at('parts'), '--json', model],
      'OPTION_INVALID',
      /named \.json for --json/,
      /Give what the message expects/,
    ],
    [
      'an image for a page',
      ['inspect', model, at('parts'), '--report', at('x.png')],
      'OPTION_INVALID',
      /named \.html for --report/,
      /Give what the message expects/,
    ],
    [
      'nothing to calibrate by',
      ['calibrate', model, '--out', at('n.onnx')],
      'OPTION_INVALID',
      /--threshold or --unsure/,
      /Give what the message expects/,
    ],
    [
      'a missing file of weights',
      ['train', at('parts'), '--out', at('n.onnx'), '--profile', 'paper'],
      'OPTION_INVALID',
      /weights of tf_efficientnet_b6 as the backbone/,
      /^Give --backbone, a \.safetensors file with these weights/,
    ],
    [
      'a missing file',
      ['inspect', model, at('nothing.png')],
      'PATH_MISSING',
      /nothing/,
      /Check the path for typing errors/,
    ],
    [
      'an option of the API in the text of an error',
      ['train', at('parts'), '--out', at('n.onnx'), '--backbone', 'net.pth'],
      'OPTION_INVALID',
      /for --backbone but received net\.pth/,
      /`--help` lists all options/,
    ],
    [
      'a device that is not there',
      ['inspect', model, at('parts'), '--device', 'coreml'],
      'DEVICE_MISSING',
      /coreml/,
      /leave --device out/,
    ],
    [
      'an ablation without effect',
      ['train', at('parts'), '--out', at('n.onnx'), '--grids', 'none', '--jitter', '0.1'],
      'OPTION_INVALID',
      /with jitter, which has no effect/,
      /Leave jitter out/,
    ],
    [
      'too few inspections for drift',
      ['drift', model, at('short.jsonl')],
      'DRIFT_UNSUPPORTED',
      /received 0/,
      /^Inspect more images with `--log`/,
    ],
  ];

  test('for every mistake tried', async () => {
    await write(at('short.jsonl'), '');
    for (const [what, words, code, said, todo] of mistakes()) {
      const { stderr } = await bigrid(...words);
      const [, message = '', remedy = ''] =
        new RegExp(`^error ${code}: (.*)\\n {2}(.*)\\n$`, 'ms').exec(stderr) ?? [];
      expect(message, `${what}: ${stderr}`).toMatch(said);
      expect(remedy, what).toMatch(todo);
    }
  }, 120_000);

  test('if standard input names a folder', async () => {
    const child = start(['inspect', model, '-']);
    child.stdin?.end(`${at('parts')}\n`);
    const { stdout, code } = await ended(child);
    expect(code).toBe(1);
    expect(stdout).toContain('but received a folder');
  });
});
