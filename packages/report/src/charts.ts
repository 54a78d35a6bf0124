import type { EChartsCoreOption } from 'echarts/core';
import { type Html, markup } from './html.ts';

export type ChartOption = EChartsCoreOption;

/** Draws a chart as SVG. `id` is unique on the page and prefixes the element ids in the SVG. */
export type DrawChart = (
  id: string,
  size: { readonly width: number; readonly height: number },
  option: ChartOption,
) => Html;

/** Loads ECharts, which is large, only when a report is rendered. */
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
 * Makes an SVG fit for the page: full width, no `<style>` that would apply to the whole page, and element ids that do
 * not depend on how many charts this process has drawn before.
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

/** Colours are custom properties, so that charts follow the light and dark theme of the page. */
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
