import { counted } from '@bigrid/errors';
import { groupNearDuplicates } from '@bigrid/inspect';
import type { Finding } from './diagnosis.ts';
import type { Look } from './look.ts';

/** A file with all its uses: without a split, an image is used for both training and testing. */
interface File {
  readonly look: Look;
  readonly isLearnt: boolean;
  readonly isTested: boolean;
}

/** Finds copies and near-duplicates: across labels, between training and test, and within one use. */
export function duplicates(looks: readonly Look[]): Finding[] {
  const groups = groupsIn([...Map.groupBy(looks, ({ path }) => path).values()].map(fileOf));
  const findings = [...findingsOfCopies(groups), ...findingsOfNear(groups)];
  return findings.length > 0 ? findings : [{ level: 'ok', check: 'duplicates', message: 'none' }];
}

/** Groups of similar files, by the harm that they do. */
interface Groups {
  /** Copies labelled good in one place and defective in another. */
  readonly contradicting: readonly File[][];
  /** Copies in both training and test. */
  readonly leaking: readonly File[][];
  /** Other copies. */
  readonly repeated: readonly File[][];
  /** Near-duplicates in both training and test. */
  readonly near: readonly File[][];
  /** Near-duplicates in training. */
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
      message: `${counted(contradicting.length, 'image')} labelled good in one place and defective in another`,
      remedy: 'Keep the copy with the correct label.',
      paths: pathsOf(contradicting),
    });
  }
  if (leaking.length > 0) {
    findings.push({
      level: 'fix',
      check: 'copies',
      message: `${counted(leaking.length, 'image')} in both training and test: metrics would be too optimistic`,
      remedy: 'Delete one copy of each.',
      paths: pathsOf(leaking),
    });
  }
  if (repeated.length > 0) {
    const files = repeated.reduce((sum, { length }) => sum + length, 0);
    findings.push({
      level: 'note',
      check: 'copies',
      message: `${counted(repeated.length, 'image')} in ${files} files with identical pixels`,
      remedy:
        'Keep one of each: copies add nothing to training and make the data set look larger than it is.',
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
      message: `${counted(near.length, 'group')} of near-duplicates across training and test`,
      remedy:
        'If they show the same part, move each group to one side: otherwise metrics are too optimistic.',
      paths: pathsOf(near),
    });
  }
  if (within.length > 0) {
    const [most] = within.map((group) => group.length).sort((a, b) => b - a);
    findings.push({
      level: 'note',
      check: 'near-duplicates',
      message: `${counted(within.length, 'group')} of near-duplicates among the training images, ${most} in the largest`,
      remedy:
        'Nothing to do: training holds out each group as a whole. If the product lies freely, different parts at the same angle are listed too; training tells them apart.',
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

/** Whether a group has a training image and a test image that is not a training image. */
function isAcross(group: readonly File[]): boolean {
  return (
    group.some(({ isLearnt }) => isLearnt) &&
    group.some(({ isLearnt, isTested }) => isTested && !isLearnt)
  );
}

/** Groups of at least two near-duplicates, by class. */
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
