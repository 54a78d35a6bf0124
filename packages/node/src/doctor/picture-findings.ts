import {
  groupNearDuplicates,
  LEAST_PICTURES,
  median,
  mostHeldOut,
  type StatisticName,
} from '@bigrid/inspect';
import { counted } from '../datasets/dataset.ts';
import type { Finding } from './diagnosis.ts';
import type { Look } from './look.ts';
import { middleAndSpread } from './robust.ts';

/** Fewer good pictures than these make a first try and no more. */
const FEW = 30;
/** A statistic this many deviations from the middle is another light, focus or camera. */
const FAR = 6;

/** Whether there are enough good pictures to learn from, class by class. */
export function enough(looks: readonly Look[], className: string): Finding {
  const count = learnt(looks, className).length;
  const check = 'enough';
  const what = `${count} readable good pictures to learn ${className} from`;
  if (count < LEAST_PICTURES) {
    return {
      level: 'fix',
      check,
      message: `${what}: training takes ${LEAST_PICTURES} at least`,
      remedy: 'Add good pictures; a few dozen make a first model, some hundred a steady threshold.',
    };
  }
  return count < FEW
    ? {
        level: 'note',
        check,
        message: `${what}: a first try, with a threshold from ${mostHeldOut(count)} of them`,
        remedy: `Take ${FEW} at least, some hundred for a steady threshold.`,
      }
    : { level: 'ok', check, message: what };
}

/** Copies and near-duplicates: across labels, between training and test, and within training. */
export function duplicates(looks: readonly Look[]): Finding[] {
  const files = [...new Map(looks.map((look) => [look.path, look])).values()];
  const copies = [...Map.groupBy(files, ({ digest }) => digest).values()];
  const alike = groups(files);
  const contradicting = copies.filter(
    (group) => group.some(isGood) && group.some((look) => !isGood(look)),
  );
  const isAcross = (group: readonly Look[]) => new Set(group.map(({ split }) => split)).size === 2;
  const leaking = copies.filter(isAcross);
  const near = alike.filter(
    (group) => isAcross(group) && !leaking.some(([copy]) => copy && group.includes(copy)),
  );
  const within = alike.filter((group) => group.filter(({ split }) => split === 'train').length > 1);
  const paths = (found: readonly (readonly Look[])[]) =>
    found.map((group) => group.map(({ path }) => path));
  const findings: Finding[] = [];
  if (contradicting.length > 0) {
    findings.push({
      level: 'fix',
      check: 'labels',
      message: `${counted(contradicting.length, 'picture')} called good in one place and defective in another`,
      remedy: 'Keep the one that is right.',
      paths: paths(contradicting),
    });
  }
  if (leaking.length > 0) {
    findings.push({
      level: 'fix',
      check: 'copies',
      message: `${counted(leaking.length, 'picture')} both to learn from and to test on: metrics would flatter`,
      remedy: 'Delete one of each.',
      paths: paths(leaking),
    });
  }
  if (near.length > 0) {
    findings.push({
      level: 'note',
      check: 'near-duplicates',
      message: `${counted(near.length, 'group')} of pictures much alike, some to learn from and some to test on`,
      remedy:
        'If they show the same piece, move each group to one side: metrics flatter otherwise.',
      paths: paths(near),
    });
  }
  if (within.length > 0) {
    const [most] = within.map((group) => group.length).sort((a, b) => b - a);
    findings.push({
      level: 'note',
      check: 'near-duplicates',
      message: `${counted(within.length, 'group')} of pictures much alike to learn from, ${most} in the largest`,
      remedy: 'Nothing to do: training holds out a group as a whole, or not at all.',
      paths: paths(within),
    });
  }
  return findings.length > 0
    ? findings
    : [{ level: 'ok', check: 'duplicates', message: 'no two pictures are alike' }];
}

/** Sizes, grey and colour, light: what differs without being a defect. */
export function uniformity(looks: readonly Look[], className: string): Finding[] {
  const own = looks.filter((look) => look.className === className);
  const good = learnt(looks, className);
  return [
    sizes(own, className),
    modes(own, className),
    exposure(good, className),
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
      'Each picture is stretched to one square: crop them to one shape, or what is only stretched looks anomalous.',
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

/** Where the usual picture has places without detail. */
function exposure(good: readonly Look[], className: string): Finding | undefined {
  if (good.length === 0) return undefined;
  const [white, black] = [
    median(good.map((look) => look.white)) ?? 0,
    median(good.map((look) => look.black)) ?? 0,
  ];
  const told = [
    ...(white > 0.02 ? [`${percent(white)} of a usual picture is pure white`] : []),
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

/** Good pictures in another light, focus or colour than the others. */
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
    message: `${className}: ${counted(far.length, 'good picture')} far from the others in ${word}`,
    remedy: 'Take out what is a slip of the camera; keep what the line will go on to give.',
    paths: far.map(({ path }) => [path]),
  }));
}

/** Groups of near-duplicates with more than one picture, class by class. */
function groups(looks: readonly Look[]): Look[][] {
  return [...Map.groupBy(looks, ({ className }) => className).values()].flatMap((own) => {
    const first = groupNearDuplicates(own.map(({ fingerprint }) => fingerprint));
    return [...Map.groupBy(own, (look) => first[own.indexOf(look)]).values()].filter(
      (group) => group.length > 1,
    );
  });
}

function learnt(looks: readonly Look[], className: string): Look[] {
  return looks.filter((look) => look.className === className && look.split === 'train');
}

function isGood({ defect }: Look): boolean {
  return defect === 'good';
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}
