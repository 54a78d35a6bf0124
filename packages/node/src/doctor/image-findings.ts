import { counted } from '@bigrid/errors';
import {
  ENOUGH_PARTS,
  groupNearDuplicates,
  LEAST_IMAGES,
  median,
  type StatisticName,
} from '@bigrid/inspect';
import type { Finding } from './diagnosis.ts';
import type { Look } from './look.ts';
import { middleAndSpread } from './robust.ts';

/** With fewer good images, a model is only a first try. */
const FEW = 30;
/** Robust deviations from the median beyond which lighting, focus or the camera must have changed. */
const FAR = 6;

/** Whether a class has enough good images to train on. */
export function enough(looks: readonly Look[], className: string): Finding {
  const own = learnt(looks, className);
  const count = own.length;
  const check = 'enough';
  const what = `${className}: ${count} readable good images for training`;
  if (count < LEAST_IMAGES) {
    return {
      level: 'fix',
      check,
      message: `${what}; at least ${LEAST_IMAGES} are needed`,
      remedy:
        'Add good images: a few dozen for a first model, a few hundred for a stable threshold.',
    };
  }
  const parts = new Set(groupNearDuplicates(own.map(({ fingerprint }) => fingerprint))).size;
  if (parts < Math.min(count, ENOUGH_PARTS)) {
    return {
      level: parts === 1 ? 'fix' : 'note',
      check,
      message: `${what}, of ${counted(parts, 'part')}: ${parts === 1 ? 'no false positive rate can be promised' : `the lowest false positive rate that a threshold can promise is 1 in ${parts + 1}`}`,
      remedy: `Collect images of at least ${ENOUGH_PARTS} different parts: more images of the same parts do not improve the threshold.`,
    };
  }
  return count < FEW
    ? {
        level: 'note',
        check,
        message: `${what}: enough for a first try; the threshold can promise little`,
        remedy: `Use at least ${FEW}; a few hundred for a stable threshold.`,
      }
    : { level: 'ok', check, message: what };
}

/** Size, colour mode, bit depth, exposure and lighting: differences that are not defects. */
export function uniformity(looks: readonly Look[], className: string): Finding[] {
  // Without a split, each image is listed twice.
  const files = new Map(looks.map((look) => [look.path, look]));
  const own = [...files.values()].filter((look) => look.className === className);
  const good = learnt(looks, className);
  return [
    sizes(own, className),
    modes(own, className),
    depth(own, className),
    // Values stored in the lower bits look dark whatever the exposure.
    exposure(
      good.filter(({ bits }) => bits === undefined),
      className,
    ),
    ...light(good, className),
  ].filter((finding) => finding !== undefined);
}

function sizes(looks: readonly Look[], className: string): Finding {
  const check = 'size';
  const bySize = [...Map.groupBy(looks, ({ width, height }) => `${width} x ${height}`)].sort(
    ([, a], [, b]) => b.length - a.length,
  );
  const [[usual] = ['']] = bySize;
  if (bySize.length === 1) return { level: 'ok', check, message: `${className}: ${usual}` };
  const shapes = looks.map(({ width, height }) => width / height).sort((a, b) => a - b);
  const stretch = (shapes.at(-1) ?? 1) / (shapes[0] ?? 1);
  return {
    level: 'note',
    check,
    message: `${className}: ${bySize.length} sizes, most ${usual}${stretch > 1.1 ? `; aspect ratios differ by ${Math.round((stretch - 1) * 100)} %` : ''}`,
    remedy:
      'Each image is resized to the same square: crop all to one aspect ratio, or the distortion looks anomalous.',
  };
}

function modes(looks: readonly Look[], className: string): Finding {
  const check = 'colour';
  const grey = looks.filter(({ isGrey }) => isGrey);
  if (grey.length === 0 || grey.length === looks.length) {
    return {
      level: 'ok',
      check,
      message: `${className}: all ${grey.length === 0 ? 'in colour' : 'greyscale'}`,
    };
  }
  const few = 2 * grey.length <= looks.length ? grey : looks.filter(({ isGrey }) => !isGrey);
  return {
    level: 'note',
    check,
    message: `${className}: ${grey.length} of ${looks.length} greyscale, the others in colour`,
    remedy: 'Capture all with the same camera: a model trained on one kind cannot judge the other.',
    paths: few.map(({ path }) => [path]),
  };
}

/** Images that use only some of the 16 bits in their files, as those of 10 and 12-bit cameras do. */
function depth(looks: readonly Look[], className: string): Finding | undefined {
  const shallow = looks.filter(({ bits }) => bits !== undefined);
  if (shallow.length === 0) return undefined;
  const bits = Math.max(...shallow.map((look) => look.bits ?? 0));
  return {
    level: 'fix',
    check: 'bit depth',
    message: `${className}: ${shallow.length} of ${counted(looks.length, 'image')} use at most ${bits} bits of a 16-bit file, so only ${Math.max(bits - 8, 0)} of the 8 bits read carry information`,
    remedy: `Save the values in the upper bits (multiply by ${2 ** (16 - bits)}), or save 8-bit images.`,
    paths: shallow.map(({ path }) => [path]),
  };
}

/** Whether the usual image has over- or underexposed areas. */
function exposure(good: readonly Look[], className: string): Finding | undefined {
  if (good.length === 0) return undefined;
  const [white, black] = [
    median(good.map((look) => look.white)) ?? 0,
    median(good.map((look) => look.black)) ?? 0,
  ];
  const told = [
    ...(white > 0.02 ? [`${percent(white)} of a typical image is pure white`] : []),
    ...(black > 0.02 ? [`${percent(black)} is pure black`] : []),
  ];
  if (told.length === 0) {
    return {
      level: 'ok',
      check: 'exposure',
      message: `${className}: no overexposed or underexposed areas`,
    };
  }
  return {
    level: 'note',
    check: 'exposure',
    message: `${className}: ${told.join(', ')}: no defect is visible there`,
    remedy: 'Harmless in the background; if it is on the product, change the exposure.',
  };
}

/** Good images whose lighting, focus or colour differs from the others. */
function light(good: readonly Look[], className: string): Finding[] {
  if (good.length < 8) return [];
  const names: Partial<Record<StatisticName, string>> = {
    brightness: 'brightness',
    sharpness: 'sharpness',
    red: 'colour',
  };
  const found = Object.entries(names).flatMap(([name, word]) => {
    const values = good.map(({ statistics }) => statistics[name as StatisticName]);
    const { middle, spread } = middleAndSpread(values);
    const far = good.filter(
      (_, index) =>
        Math.abs((values[index] as number) - middle) > FAR * Math.max(spread, 0.005 * middle),
    );
    return far.length === 0 ? [] : [{ word, far }];
  });
  if (found.length === 0) {
    return [
      { level: 'ok', check: 'light', message: `${className}: lighting and focus are consistent` },
    ];
  }
  return found.map(({ word, far }) => ({
    level: 'note',
    check: 'light',
    message: `${className}: ${counted(far.length, 'good image')} with unusual ${word}`,
    remedy: 'Remove images captured by mistake; keep those that production will see again.',
    paths: far.map(({ path }) => [path]),
  }));
}

function learnt(looks: readonly Look[], className: string): Look[] {
  return looks.filter((look) => look.className === className && look.split === 'train');
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}
