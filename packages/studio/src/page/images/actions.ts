import { signal } from '@preact/signals';
import { ApiError, request } from '../api/client.ts';
import type { Image } from '../api/types.ts';
import { type Labelling, labelImages } from '../state/images.ts';
import { tellError } from '../state/notices.ts';
import { loadProjects, projectPath } from '../state/projects.ts';
import { t } from '../texts/index.ts';
import { byId, drop, leaving, put } from './collection.ts';
import { selected } from './selection.ts';

/** What was done last, and how it is undone. */
export interface Action {
  readonly text: string;
  readonly undo: () => Promise<void> | void;
}

/** Actions that can be undone, the latest last. */
export const actions = signal<readonly Action[]>([]);

/** Actions that are remembered. */
const MOST = 50;
/** Images that a request labels. */
const AT_ONCE = 10_000;
/** Images that are removed at once. */
const REMOVALS = 6;
/** Milliseconds in which a removal can be undone. */
const GRACE = 8000;

/** Labels images, and remembers how they were labelled. */
export async function label(
  project: string,
  ids: readonly number[],
  labelling: Labelling,
): Promise<void> {
  const before = ids.flatMap((id) => byId.value.get(id) ?? []);
  if (before.length === 0) return;
  try {
    await change(project, ids, labelling);
    remember({
      text: t.value.images.labelled(before.length, labelText(labelling)),
      undo: () => relabel(project, before),
    });
  } catch (error) {
    tellError(error);
  }
}

/** Removes images once there has been time to undo it. */
export function remove(project: string, ids: readonly number[]): void {
  if (ids.length === 0) return;
  finishRemoval().catch(tellError);
  leaving.value = new Set([...leaving.value, ...ids]);
  selected.value = new Set();
  const timer = setTimeout(() => finishRemoval().catch(tellError), GRACE);
  const action = {
    text: t.value.images.removed(ids.length),
    undo: () => {
      clearTimeout(timer);
      finish = undefined;
      stay(ids);
    },
  };
  finish = () => {
    clearTimeout(timer);
    actions.value = actions.value.filter((one) => one !== action);
    return removeNow(project, ids);
  };
  remember(action);
}

/** Removes what is waiting for it: the page is left, or more is removed or added. */
export async function finishRemoval(): Promise<void> {
  const now = finish;
  finish = undefined;
  await now?.();
}

let finish: (() => Promise<void>) | undefined;

/** Undoes the latest action. */
export async function undo(): Promise<void> {
  const last = actions.value.at(-1);
  if (!last) return;
  actions.value = actions.value.slice(0, -1);
  try {
    await last.undo();
  } catch (error) {
    tellError(error);
  }
}

function remember(action: Action): void {
  actions.value = [...actions.value, action].slice(-MOST);
}

async function change(
  project: string,
  ids: readonly number[],
  labelling: Labelling,
): Promise<void> {
  for (let start = 0; start < ids.length; start += AT_ONCE) {
    put(await labelImages(project, ids.slice(start, start + AT_ONCE), labelling));
  }
  await loadProjects();
}

async function relabel(project: string, before: readonly Image[]): Promise<void> {
  const alike = Map.groupBy(before, ({ label: own, kind, split }) =>
    JSON.stringify([own, kind, split]),
  );
  for (const images of alike.values()) {
    const ids = images.map(({ id }) => id);
    const [{ label: own, kind, split }] = images as [Image];
    const defect = { label: 'defect', kind: kind ?? 'defect' } as const;
    await change(project, ids, own === 'defect' ? defect : { label: own ?? 'none', split });
  }
}

async function removeNow(project: string, ids: readonly number[]): Promise<void> {
  const left = [...ids];
  const gone: number[] = [];
  const removeOneByOne = async () => {
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      await request(projectPath(project, `/images/${id}`), { method: 'DELETE' }).catch(unlessGone);
      gone.push(id);
    }
  };
  try {
    await Promise.all(Array.from({ length: REMOVALS }, removeOneByOne));
  } finally {
    drop(gone);
    stay(ids);
    await loadProjects();
  }
}

function stay(ids: readonly number[]): void {
  const next = new Set(leaving.value);
  for (const id of ids) next.delete(id);
  leaving.value = next;
}

/** Someone else may have removed it. */
function unlessGone(error: unknown): void {
  if (!(error instanceof ApiError) || error.status !== 404) throw error;
}

function labelText({ label: given, kind, split }: Labelling): string {
  const { labels } = t.value.images;
  if (given === 'defect') return kind ?? labels.defect;
  if (given === 'none') return labels.none;
  return split === 'test' ? labels.testing : labels.training;
}
