import { dismiss, notices } from './state/notices.ts';
import { t } from './texts/index.ts';
import { Icon } from './ui/icon.tsx';

/** What has happened, in a corner; nothing waits for it. */
export function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map(({ id, tone, text, remedy }) => (
        <div key={id} class={`notice ${tone}`}>
          <div>
            {text}
            {remedy !== undefined && remedy !== '' && <p class="quiet small">{remedy}</p>}
          </div>
          <button
            type="button"
            class="button plain icon"
            aria-label={t.value.app.dismiss}
            onClick={() => dismiss(id)}
          >
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
