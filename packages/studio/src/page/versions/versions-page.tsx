import { t } from '../texts/index.ts';

export default function VersionsPage() {
  return (
    <div class="page-head">
      <h1>{t.value.pages.versions}</h1>
    </div>
  );
}
