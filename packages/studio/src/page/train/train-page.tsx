import { t } from '../texts/index.ts';

export default function TrainPage() {
  return (
    <div class="page-head">
      <h1>{t.value.pages.train}</h1>
    </div>
  );
}
