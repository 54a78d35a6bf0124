import { wordsOf } from '../state/notices.ts';

/** What failed and what to do about it, where it failed. */
export function ErrorWords({ error }: { error: unknown }) {
  const { text, remedy } = wordsOf(error);
  return (
    <>
      <p>{text}</p>
      {remedy !== undefined && remedy !== '' && <p class="quiet">{remedy}</p>}
    </>
  );
}
