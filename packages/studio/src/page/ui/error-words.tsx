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

/** Why what a form asked for was refused, below the form; nothing while it was not. */
export function ErrorAlert({ error }: { error: unknown }) {
  if (error === undefined) return null;
  return (
    <div class="warning" role="alert">
      <ErrorWords error={error} />
    </div>
  );
}
