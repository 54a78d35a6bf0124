import { counted } from '@bigrid/errors';
import { type Bundle, describePromise, type Manifest, readBundle } from '@bigrid/node';
import { ignoredShare, type Port, readPorts, weightsOf } from '@bigrid/node/internal';
import type { Command } from 'commander';
import { facts, formatBytes, formatScore, paint, print } from '../output.ts';
import type { Context } from '../run.ts';

interface InfoFlags {
  readonly json?: boolean;
}

export function define(command: Command, _context: Context): void {
  command
    .argument('<file.onnx>', 'model file that `bigrid train` wrote')
    .option('--json', 'Print everything as JSON')
    .addHelpText(
      'after',
      `
Example:
  $ bigrid info parts.onnx`,
    )
    .action(showInfo);
}

async function showInfo(file: string, { json }: InfoFlags): Promise<void> {
  const bundle = await readBundle(file);
  const { bytes, manifest } = bundle;
  const found = {
    ...readPorts(bytes),
    ignored: ignoredShare(bundle),
    weights: weightsOf(bundle),
    promise: describePromise(manifest.calibration),
  };
  if (!json) return print(paint('bold', file), facts(describe(bundle, found)));
  const ports = { inputs: byName(found.inputs), outputs: byName(found.outputs) };
  const { weights } = found;
  const told = { path: file, bytes: bytes.length, weights, ...ports, manifest };
  print(JSON.stringify(told, undefined, 2));
}

function byName(ports: readonly Port[]) {
  return Object.fromEntries(ports.map(({ name, type, shape }) => [name, { type, shape }]));
}

/** What is read from the file itself, in addition to its manifest. */
interface Found {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly ignored: number;
  readonly weights: string | undefined;
  /** What the threshold guarantees. */
  readonly promise: string;
}

const LIGHT_EVENED = 'evened out: a darker, brighter or warmer lamp is no defect';

function describe(
  { bytes, manifest }: Bundle,
  { inputs, outputs, ignored, weights, promise }: Found,
): [string, string][] {
  const { training, backbone } = manifest;
  const made = formatDate(manifest.createdAt);
  const stored = weights ? ` with weights in ${weights}` : '';
  const port = ({ name, type, shape }: Port) => `${name}: ${type} [${shape.join(', ')}]`;
  return [
    [
      'file',
      `${formatBytes(bytes.length)}${stored}, made by Bigrid ${manifest.bigridVersion} on ${made}`,
    ],
    [manifest.classes.length === 1 ? 'class' : 'classes', manifest.classes.join(', ')],
    ['profile', `${manifest.profile}, on ${backbone.name} (${backbone.licence})`],
    ['method', describeMethod(manifest)],
    ...(manifest.method.light === 'free' ? [['light', LIGHT_EVENED] as [string, string]] : []),
    ...(training.free ? [['lies freely', describeFree(manifest)] as [string, string]] : []),
    ['threshold', `${describeThreshold(manifest)}\n${promise}`],
    ...(ignored > 0
      ? [['mask', `${(100 * ignored).toFixed(1)} % of each image is ignored`] as [string, string]]
      : []),
    ['training', describeTraining(manifest)],
    ['data', `SHA-256 ${training.dataHash}`],
    ['input', `${inputs.map(port).join('\n')} (RGB, any size)`],
    ['outputs', outputs.map(port).join('\n')],
  ];
}

function describeFree({ training: { free = [] }, classes }: Manifest): string {
  if (classes.length === 1) return 'turned at any angle';
  // If all of them do, the line about the method says what that means.
  const meaning = ', so cells are compared with a memory of normal ones';
  return `${free.join(', ')}: turned at any angle${free.length < classes.length ? meaning : ''}`;
}

function describeMethod({ method, training, classes }: Manifest): string {
  const grids = {
    'gaussian+restoring': 'a grid of Gaussians and a restoring grid',
    restoring: 'a restoring grid',
    normal: 'a normal grid',
    'normal+restoring': 'a normal and a restoring grid',
    published: 'the normal and abnormal grids of the paper',
    'published-abnormal': 'only the abnormal grid of the paper',
    none: 'no grid',
  }[method.grids];
  const defects = {
    swap: 'features swapped in from elsewhere',
    fbp: 'Feature Block Paste',
    noise: 'Gaussian noise',
  }[method.anomalySource];
  const { rows, columns } = method.tiles ?? {};
  const seen = rows === undefined ? 'images' : `images in ${rows} x ${columns} tiles`;
  const sizes = `${seen} at ${method.inputSize} x ${method.inputSize}, ${method.cells} x ${method.cells} cells`;
  if (training.free?.length === classes.length) return `a memory of normal cells; ${sizes}`;
  const lines = [
    `GRAD with ${grids}; ${sizes}`,
    `tables of ${method.localResolution} x ${method.localResolution} (local) and ${method.globalResolution} x ${method.globalResolution} (global), ${method.gridChannels} channels`,
    `${method.branch} branches of ${counted(method.depth, 'block')}, jitter ${method.jitter}, refinement ${method.refinement}`,
  ];
  if (method.grids !== 'normal' && method.grids !== 'none')
    lines.push(`synthetic defects: ${defects}`);
  return lines.join('\n');
}

function describeThreshold({ calibration }: Manifest): string {
  const { scores, rule, threshold, unsure, pixelThreshold, measuredAt } = calibration;
  const score = (value: number) => formatScore(value, threshold);
  const measured = measuredAt ? `scored on ${formatDate(measuredAt)}` : 'not trained on';
  return [
    `${score(threshold)}: images that score above it are anomalous`,
    ...(unsure ? [`those above ${score(unsure.threshold)}, by ${unsure.rule}, are unsure`] : []),
    `by the rule ${rule} from ${counted(scores.length, 'good image')} ${measured},`,
    `which scored ${score(scores[0] ?? threshold)} to ${score(scores.at(-1) ?? threshold)}`,
    `regions of the anomaly map above ${formatScore(pixelThreshold, pixelThreshold)} are outlined as defects`,
  ].join('\n');
}

/** 2026-07-04 12:30 UTC from an ISO date. */
function formatDate(iso: string): string {
  return `${iso.slice(0, 16).replace('T', ' ')} UTC`;
}

function describeTraining({ training, schedule }: Manifest): string {
  const epochs = schedule.epochs === undefined ? '' : `, ${counted(schedule.epochs, 'epoch')}`;
  const leftOut =
    training.leftOut === undefined
      ? ''
      : `, ${training.leftOut} not needed for the number of steps`;
  const skipped = training.skipped === 0 ? '' : `, ${training.skipped} unreadable and skipped`;
  return [
    `${counted(training.images, 'good image')}, ${training.heldOut} more held out${leftOut}${skipped}`,
    `${counted(training.steps, 'step')}${epochs}, seed ${training.seed}, ${training.engine}`,
  ].join('\n');
}
