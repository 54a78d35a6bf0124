import { t } from '../texts/index.ts';

export default function ExportPage() {
  return (
    <div class="page-head">
      <h1>{t.value.pages.export}</h1>
    </div>
  );
}
