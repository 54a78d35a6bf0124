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

/** Fewer good images than these make a first try and no more. */
const FEW = 30;
/** A statistic this many deviations from the middle is another light, focus or camera. */
const FAR = 6;

/** Whether there are enough good images to learn from, class by class. */
export function enough(looks: readonly Look[], className: string): Finding {
  const own = learnt(looks, className);
  const count = own.length;
  const check = 'enough';
  const what = `${count} readable good images to learn ${className} from`;
  if (count < LEAST_IMAGES) {
    return {
      level: 'fix',
      check,
      message: `${what}: training takes ${LEAST_IMAGES} at least`,
      remedy: 'Add good images; a few dozen make a first model, some hundred a steady threshold.',
    };
  }
  const parts = new Set(groupNearDuplicates(own.map(({ fingerprint }) => fingerprint))).size;
  if (parts < Math.min(count, ENOUGH_PARTS)) {
    return {
      level: parts === 1 ? 'fix' : 'note',
      check,
      message: `${what}, which show ${counted(parts, 'part')}: ${parts === 1 ? 'a threshold can promise nothing' : `a threshold can promise no better than 1 in ${parts + 1} false positives`}`,
      remedy: `Collect images of at least ${ENOUGH_PARTS} different parts: more frames of the same ones add nothing to a threshold.`,
    };
  }
  return count < FEW
    ? {
        level: 'note',
        check,
        message: `${what}: a first try, with a threshold that can promise little`,
        remedy: `Take ${FEW} at least, some hundred for a steady threshold.`,
      }
    : { level: 'ok', check, message: what };
}

/** Sizes, grey and colour, light: what differs without being a defect. */
export function uniformity(looks: readonly Look[], className: string): Finding[] {
  // Without a split, an image is there twice.
  const files = new Map(looks.map((look) => [look.path, look]));
  const own = [...files.values()].filter((look) => look.className === className);
  const good = learnt(looks, className);
  return [
    sizes(own, className),
    modes(own, className),
    depth(own, className),
    // Of pixels that are dark because of how they are stored, exposure is not to blame.
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
    message: `${className}: ${bySize.length} sizes, most ${usual}${stretch > 1.1 ? `; shapes differ by ${Math.round((stretch - 1) * 100)} %` : ''}`,
    remedy:
      'Each image is stretched to one square: crop them to one shape, or what is only stretched looks anomalous.',
  };
}

function modes(looks: readonly Look[], className: string): Finding {
  const check = 'colour';
  const grey = looks.filter(({ isGrey }) => isGrey);
  if (grey.length === 0 || grey.length === looks.length) {
    return {
      level: 'ok',
      check,
      message: `${className}: all ${grey.length === 0 ? 'in colour' : 'in grey'}`,
    };
  }
  const few = 2 * grey.length <= looks.length ? grey : looks.filter(({ isGrey }) => !isGrey);
  return {
    level: 'note',
    check,
    message: `${className}: ${grey.length} of ${looks.length} in grey, the others in colour`,
    remedy: 'Take all with the same camera: a model of one is no judge of the other.',
    paths: few.map(({ path }) => [path]),
  };
}

/** Images whose values take up a part of the bits that their files have, as those of cameras with 10 or 12 bits do. */
function depth(looks: readonly Look[], className: string): Finding | undefined {
  const shallow = looks.filter(({ bits }) => bits !== undefined);
  if (shallow.length === 0) return undefined;
  const bits = Math.max(...shallow.map((look) => look.bits ?? 0));
  return {
    level: 'fix',
    check: 'bit depth',
    message: `${className}: ${shallow.length} of ${counted(looks.length, 'image')} hold values of at most ${bits} bits in files of 16, so that ${Math.max(bits - 8, 0)} of the 8 bits that are read have anything in them`,
    remedy: `Save the values in the upper bits (multiply them by ${2 ** (16 - bits)}), or save 8 bits.`,
    paths: shallow.map(({ path }) => [path]),
  };
}

/** Where the usual image has places without detail. */
function exposure(good: readonly Look[], className: string): Finding | undefined {
  if (good.length === 0) return undefined;
  const [white, black] = [
    median(good.map((look) => look.white)) ?? 0,
    median(good.map((look) => look.black)) ?? 0,
  ];
  const told = [
    ...(white > 0.02 ? [`${percent(white)} of a usual image is pure white`] : []),
    ...(black > 0.02 ? [`${percent(black)} is pure black`] : []),
  ];
  if (told.length === 0) {
    return {
      level: 'ok',
      check: 'exposure',
      message: `${className}: neither blown highlights nor lost shadows`,
    };
  }
  return {
    level: 'note',
    check: 'exposure',
    message: `${className}: ${told.join(', ')}: no defect can be seen there`,
    remedy: 'Fine for a background; for the product itself, change the exposure.',
  };
}

/** Good images in another light, focus or colour than the others. */
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
      { level: 'ok', check: 'light', message: `${className}: all in the same light and focus` },
    ];
  }
  return found.map(({ word, far }) => ({
    level: 'note',
    check: 'light',
    message: `${className}: ${counted(far.length, 'good image')} far from the others in ${word}`,
    remedy: 'Take out what is a slip of the camera; keep what the line will go on to give.',
    paths: far.map(({ path }) => [path]),
  }));
}

function learnt(looks: readonly Look[], className: string): Look[] {
  return looks.filter((look) => look.className === className && look.split === 'train');
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}
