import { jobFiles } from '../job-files.ts';

/** The object that says which server a prefix of a bucket belongs to. */
export const idKey = 'queue-id';

/**
 * The objects of a job besides its images and its model, which are in `files` as in the data folder. What follows is a path
 * below the data folder.
 * @param folder of the job, below the data folder: `jobs/12`
 */
export const keysOf = (folder: string) => ({
  all: `${folder}/`,
  /** What it works on. */
  inputs: `${folder}/inputs/`,
  /** From which any further run resumes. */
  checkpoint: `${folder}/checkpoint/`,
  /** What one run has made. It is complete with the result, which comes last. */
  outputs: (run: string) => `${folder}/${run}/`,
  /** Place of the result. */
  result: `${folder}/${jobFiles.result}`,
});

/** Transfers at once. */
const AT_ONCE = 8;

/** Does the same with each item, several at once. The first error ends it. */
export async function withEach<Item>(
  items: Iterable<Item>,
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  const waiting = [...items].values();
  let hasFailed = false;
  const lane = async () => {
    for (const item of waiting) {
      if (hasFailed) return;
      await work(item);
    }
  };
  const lanes = Array.from({ length: AT_ONCE }, () =>
    lane().catch((error: unknown) => {
      hasFailed = true;
      throw error;
    }),
  );
  const outcomes = await Promise.allSettled(lanes);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}
