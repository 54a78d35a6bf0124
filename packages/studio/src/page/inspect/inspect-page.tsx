import { t } from '../texts/index.ts';

export default function InspectPage() {
  return (
    <div class="page-head">
      <h1>{t.value.pages.inspect}</h1>
    </div>
  );
}
