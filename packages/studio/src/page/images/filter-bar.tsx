import type { ComponentChildren } from 'preact';
import { go } from '../state/route.ts';
import { formatNumber, t } from '../texts/index.ts';
import { counts, detailOf, type Filter, filter, filterNames, kinds, search } from './filters.ts';

interface FilterBarProps {
  readonly project: string;
  readonly children?: ComponentChildren;
}

/** Which images are shown. The URL keeps it. */
export function FilterBar({ project, children }: FilterBarProps) {
  const { images: text } = t.value;
  const { show, kind } = filter.value;
  const choose = (chosen: Filter) => go({ project, page: 'images', detail: detailOf(chosen) });
  return (
    <search class="toolbar filters">
      <fieldset class="chips" aria-label={text.filter}>
        {filterNames.map((name) => (
          <button
            key={name}
            type="button"
            class="chip"
            aria-pressed={name === show}
            onClick={() => choose({ show: name })}
          >
            {text.filters[name]}
            <span class="number">{formatNumber(counts.value[name])}</span>
          </button>
        ))}
      </fieldset>
      {show === 'defects' && kinds.value.length > 0 && (
        <select
          class="input"
          aria-label={text.kind}
          value={kind ?? ''}
          onChange={({ currentTarget: { value } }) =>
            choose(value === '' ? { show } : { show, kind: value })
          }
        >
          <option value="">{text.allKinds}</option>
          {kinds.value.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      )}
      <span class="end" />
      {children}
      <input
        id="image-search"
        class="input"
        type="search"
        placeholder={text.search}
        aria-label={text.search}
        value={search.value}
        onInput={({ currentTarget }) => {
          search.value = currentTarget.value;
        }}
      />
    </search>
  );
}
