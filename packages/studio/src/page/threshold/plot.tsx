import { useMemo } from 'preact/hooks';
import { formatNumber, t } from '../texts/index.ts';
import { Histogram } from './histogram.tsx';
import { type Judging, moveThreshold, moveUnsure } from './judging.ts';
import { scoreAxis, shareOf } from './score-axis.ts';
import type { ScoredImages } from './scored-images.ts';
import { Slider } from './slider.tsx';

/** The histogram with the sliders over it. */
export function Plot({ judging, all }: { judging: Judging; all: ScoredImages }) {
  const text = t.value.threshold;
  const { threshold, unsure } = judging.calibration.value;
  const { manifest } = judging.version;
  const axis = useMemo(() => {
    const own = manifest.calibration;
    return scoreAxis(own.scores, [...all.scores, own.threshold]);
  }, [manifest, all]);
  const shares = {
    threshold: shareOf(axis, threshold),
    unsure: shareOf(axis, unsure?.threshold ?? threshold),
  };
  return (
    <div class="plot" style={{ '--from': shares.threshold, '--unsure-from': shares.unsure }}>
      <div class="values number">
        <span>
          {text.threshold} <strong>{formatNumber(threshold, axis.digits)}</strong>
        </span>
        <label>
          <input
            type="checkbox"
            checked={unsure !== undefined}
            onChange={({ currentTarget }) => {
              judging.draft.value = {
                ...judging.draft.value,
                unsure: currentTarget.checked ? doubtBelow(judging) : 'none',
              };
            }}
          />{' '}
          {text.useUnsure}
        </label>
      </div>
      <div class="sliders" dir="ltr">
        <Histogram axis={axis} good={manifest.calibration.scores} defects={all.defects} />
        <Slider
          name="threshold"
          label={text.threshold}
          axis={axis}
          value={threshold}
          onMove={(to) => moveThreshold(judging, to)}
        />
        {unsure && (
          <Slider
            name="unsure"
            label={text.unsure}
            axis={axis}
            value={unsure.threshold}
            onMove={(to) => moveUnsure(judging, to)}
          />
        )}
      </div>
    </div>
  );
}

/** Where unsure begins at first: a tenth of good images are above it, unless the threshold is lower. */
function doubtBelow({ calibration }: Judging): string {
  const { scores, threshold } = calibration.peek();
  const at = scores[Math.ceil(0.9 * (scores.length - 1))] ?? threshold;
  return at < threshold ? 'quantile:0.9' : String(threshold);
}
