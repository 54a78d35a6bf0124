import type { ComponentChildren } from 'preact';
import { formatNumber, t } from '../texts/index.ts';
import { Segments } from '../ui/controls.tsx';
import { filters, orders, type Review } from './review.ts';

interface ReviewToolbarProps {
  readonly review: Review;
  readonly children: ComponentChildren;
}

/** Which images are shown, in which order. */
export function ReviewToolbar({ review, children }: ReviewToolbarProps) {
  const { inspect } = t.value;
  const counts = review.counts.value;
  return (
    <div class="toolbar">
      <Segments
        label={inspect.filters.label}
        value={review.filter.value}
        options={filters.map((value) => ({
          value,
          label: `${inspect.filters[value]} ${formatNumber(counts[value])}`,
        }))}
        onChange={(filter) => {
          review.filter.value = filter;
        }}
      />
      <Segments
        label={inspect.orders.label}
        value={review.order.value}
        options={orders.map((value) => ({ value, label: inspect.orders[value] }))}
        onChange={(order) => {
          review.order.value = order;
        }}
      />
      <div class="end">{children}</div>
    </div>
  );
}
