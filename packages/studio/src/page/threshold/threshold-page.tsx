import { t } from '../texts/index.ts';

export default function ThresholdPage() {
  return (
    <div class="page-head">
      <h1>{t.value.pages.threshold}</h1>
    </div>
  );
}
