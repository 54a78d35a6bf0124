import { t } from '../texts/index.ts';

export default function WatchPage() {
  return (
    <div class="page-head">
      <h1>{t.value.pages.watch}</h1>
    </div>
  );
}
