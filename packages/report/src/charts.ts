import type { EChartsCoreOption } from 'echarts/core';
import { type Html, markup } from './html.ts';

export type ChartOption = EChartsCoreOption;

/** Draws charts as SVG for a page: `id` keeps the names inside apart from those of other charts. */
export type DrawChart = (
  id: string,
  size: { readonly width: number; readonly height: number },
  option: ChartOption,
) => Html;

/** Loads the charts library, which nothing but a report needs. */
export async function openCharts(): Promise<DrawChart> {
  const [core, { BarChart, LineChart }, { GridComponent }, { SVGRenderer }] = await Promise.all([
    import('echarts/core'),
    import('echarts/charts'),
    import('echarts/components'),
    import('echarts/renderers'),
  ]);
  core.use([BarChart, LineChart, GridComponent, SVGRenderer]);
  return (id, size, option) => {
    const chart = core.init(null, null, { renderer: 'svg', ssr: true, ...size });
    try {
      chart.setOption({ animation: false, textStyle: { fontFamily: 'inherit' }, ...option });
      return forPage(chart.renderToSVGString(), id);
    } finally {
      // Its timers would keep the process alive.
      chart.dispose();
    }
  };
}

/**
 * Fits a drawing into a page: it takes the width that there is, brings no styles that would hold for the
 * whole page, and no names that depend on how many charts this process has drawn before.
 */
function forPage(svg: string, id: string): Html {
  return markup(
    svg
      .replaceAll(/<style[\s\S]*?<\/style>/g, '')
      .replaceAll(
        / (?:xmlns(?::xlink)?|version|baseProfile|ecmeta_\w+|pointer-events)="[^"]*"/g,
        '',
      )
      .replaceAll(/ class="[^"]*"/g, '')
      .replace(/<svg width="[^"]*" height="[^"]*"/, '<svg aria-hidden="true"')
      .replaceAll(/\bzr\d+-/g, `${id}-`)
      .replaceAll(/\n+/g, '\n'),
  );
}

/** Colours by name of their custom property, so that the page's light and dark mode hold for charts too. */
const ink = 'var(--ink-2)';
const line = 'var(--line)';

/** An axis of numbers that labels exactly `ticks`. */
export function valueAxis(
  name: string,
  [min, max]: readonly [number, number],
  ticks: readonly number[],
  format: (value: number) => string,
) {
  return {
    type: 'value',
    name,
    nameLocation: 'middle',
    nameTextStyle: { color: ink, fontSize: 12 },
    min,
    max,
    axisLine: { show: true, lineStyle: { color: line } },
    axisTick: { show: false, customValues: [...ticks] },
    axisLabel: { color: ink, fontSize: 12, customValues: [...ticks], formatter: format },
    splitLine: { lineStyle: { color: line } },
  };
}
