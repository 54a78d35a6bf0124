import { t } from '../texts/index.ts';

export default function ImagesPage() {
  return (
    <div class="page-head">
      <h1>{t.value.pages.images}</h1>
    </div>
  );
}
