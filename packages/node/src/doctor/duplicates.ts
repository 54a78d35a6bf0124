import { counted } from '@bigrid/errors';
import { groupNearDuplicates } from '@bigrid/inspect';
import type { Finding } from './diagnosis.ts';
import type { Look } from './look.ts';

/** A file, whatever it is used for: without a split, an image is both learnt from and tested on. */
interface File {
  readonly look: Look;
  readonly isLearnt: boolean;
  readonly isTested: boolean;
}

/** Copies and near-duplicates: across labels, between training and test, and among images of one use. */
export function duplicates(looks: readonly Look[]): Finding[] {
  const groups = groupsIn([...Map.groupBy(looks, ({ path }) => path).values()].map(fileOf));
  const findings = [...findingsOfCopies(groups), ...findingsOfNear(groups)];
  return findings.length > 0
    ? findings
    : [{ level: 'ok', check: 'duplicates', message: 'no two images are alike' }];
}

/** Groups of files that are alike, by what that does harm to. */
interface Groups {
  /** Copies that are called good in one place and defective in another. */
  readonly contradicting: readonly File[][];
  /** Copies to learn from and to test on. */
  readonly leaking: readonly File[][];
  /** Other copies. */
  readonly repeated: readonly File[][];
  /** Near-duplicates to learn from and to test on. */
  readonly near: readonly File[][];
  /** Near-duplicates to learn from. */
  readonly within: readonly File[][];
}

function groupsIn(files: readonly File[]): Groups {
  const copies = [...Map.groupBy(files, ({ look }) => look.digest).values()].filter(
    ({ length }) => length > 1,
  );
  const contradicting = copies.filter(
    (group) => group.some(isGood) && group.some((file) => !isGood(file)),
  );
  const leaking = copies.filter(isAcross);
  const repeated = copies.filter(
    (group) => !leaking.includes(group) && !contradicting.includes(group),
  );
  const areCopies = (group: readonly File[]) =>
    group.every(({ look }) => look.digest === group[0]?.look.digest);
  const alike = nearDuplicates(files).filter((group) => !areCopies(group));
  const near = alike.filter(
    (group) => isAcross(group) && !leaking.some(([copy]) => copy && group.includes(copy)),
  );
  const within = alike.filter((group) => group.filter(({ isLearnt }) => isLearnt).length > 1);
  return { contradicting, leaking, repeated, near, within };
}

function pathsOf(groups: readonly (readonly File[])[]): string[][] {
  return groups.map((group) => group.map(({ look }) => look.path));
}

function findingsOfCopies({ contradicting, leaking, repeated }: Groups): Finding[] {
  const findings: Finding[] = [];
  if (contradicting.length > 0) {
    findings.push({
      level: 'fix',
      check: 'labels',
      message: `${counted(contradicting.length, 'image')} called good in one place and defective in another`,
      remedy: 'Keep the one that is right.',
      paths: pathsOf(contradicting),
    });
  }
  if (leaking.length > 0) {
    findings.push({
      level: 'fix',
      check: 'copies',
      message: `${counted(leaking.length, 'image')} both to learn from and to test on: metrics would flatter`,
      remedy: 'Delete one of each.',
      paths: pathsOf(leaking),
    });
  }
  if (repeated.length > 0) {
    const files = repeated.reduce((sum, { length }) => sum + length, 0);
    findings.push({
      level: 'note',
      check: 'copies',
      message: `${counted(repeated.length, 'image')} in ${files} files, the same pixel for pixel`,
      remedy:
        'Keep one of each: a copy adds nothing to learn and makes the set look larger than it is.',
      paths: pathsOf(repeated),
    });
  }
  return findings;
}

function findingsOfNear({ near, within }: Groups): Finding[] {
  const findings: Finding[] = [];
  if (near.length > 0) {
    findings.push({
      level: 'note',
      check: 'near-duplicates',
      message: `${counted(near.length, 'group')} of images much alike, some to learn from and some to test on`,
      remedy:
        'If they show the same piece, move each group to one side: metrics flatter otherwise.',
      paths: pathsOf(near),
    });
  }
  if (within.length > 0) {
    const [most] = within.map((group) => group.length).sort((a, b) => b - a);
    findings.push({
      level: 'note',
      check: 'near-duplicates',
      message: `${counted(within.length, 'group')} of images much alike to learn from, ${most} in the largest`,
      remedy: 'Nothing to do: training holds out a group as a whole, or not at all.',
      paths: pathsOf(within),
    });
  }
  return findings;
}

function fileOf(looks: readonly Look[]): File {
  return {
    look: looks[0] as Look,
    isLearnt: looks.some(({ split }) => split === 'train'),
    isTested: looks.some(({ split }) => split === 'test'),
  };
}

/** Whether one of a group is learnt from and another, which is not, tested on. */
function isAcross(group: readonly File[]): boolean {
  return (
    group.some(({ isLearnt }) => isLearnt) &&
    group.some(({ isLearnt, isTested }) => isTested && !isLearnt)
  );
}

/** Groups of near-duplicates with more than one image, class by class. */
function nearDuplicates(files: readonly File[]): File[][] {
  return [...Map.groupBy(files, ({ look }) => look.className).values()].flatMap((own) => {
    const first = groupNearDuplicates(own.map(({ look }) => look.fingerprint));
    return [...Map.groupBy(own.keys(), (index) => first[index]).values()]
      .filter((group) => group.length > 1)
      .map((group) => group.map((index) => own[index] as File));
  });
}

function isGood({ look }: File): boolean {
  return look.defect === 'good';
}
