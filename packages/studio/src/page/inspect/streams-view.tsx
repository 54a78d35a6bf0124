import type { DetailedModelVersion, Stream } from '../api/types.ts';
import { tellError } from '../state/notices.ts';
import { project } from '../state/projects.ts';
import { go, route } from '../state/route.ts';
import { isRunning, removeStream, setRunning, useStreams } from '../state/streams.ts';
import { formatNumber, t } from '../texts/index.ts';
import { Icon } from '../ui/icon.tsx';
import { LiveStream } from './live-stream.tsx';
import { NewStream } from './new-stream.tsx';

const VIEW = 'streams';

/** The streams of the server that the model inspects, and one of them live. */
export function StreamsView({ version }: { version: DetailedModelVersion }) {
  const { inspect, app } = t.value;
  const { model } = version;
  const [streams, load] = useStreams(model);
  if (!streams) return <p class="quiet">{app.loading}</p>;
  const asked = route.value.detail?.slice(VIEW.length + 1);
  const shown = streams.find(({ name }) => name === asked) ?? streams[0];
  return (
    <>
      {streams.length > 0 && (
        <ul class="panel streams" aria-label={inspect.views.streams}>
          {streams.map((stream) => (
            <StreamRow
              key={stream.name}
              stream={stream}
              isShown={stream === shown}
              onChange={load}
            />
          ))}
        </ul>
      )}
      {shown && <LiveStream key={shown.name} name={shown.name} version={version} />}
      <NewStream
        model={model}
        isFirst={streams.length === 0}
        onCreated={async (name) => {
          await load();
          showStream(name);
        }}
      />
    </>
  );
}

interface StreamRowProps {
  readonly stream: Stream;
  readonly isShown: boolean;
  readonly onChange: () => void;
}

function StreamRow({ stream, isShown, onChange }: StreamRowProps) {
  const { streams } = t.value.inspect;
  const { name, source, state } = stream;
  const isOn = isRunning(stream);
  const then = (change: Promise<unknown>) => change.then(onChange).catch(tellError);
  return (
    <li aria-current={isShown ? 'true' : undefined}>
      <button type="button" class="button plain" onClick={() => showStream(name)}>
        {name}
      </button>
      <span>
        {streams.sources[source.type]} <span class="quiet small">{addressOf(source)}</span>
      </span>
      <span>
        {streams.states[state.status]}
        {state.reason !== undefined && <span class="quiet small"> {state.reason}</span>}
      </span>
      <span class="quiet number">
        {streams.counts(formatNumber(state.inspected), formatNumber(state.anomalous))}
      </span>
      <span class="toolbar end">
        <button
          type="button"
          class="button"
          aria-label={`${isOn ? streams.stop : streams.start}: ${name}`}
          onClick={() => then(setRunning(stream, !isOn))}
        >
          <Icon name={isOn ? 'pause' : 'play'} />
          {isOn ? streams.stop : streams.start}
        </button>
        {!isOn && (
          <button
            type="button"
            class="button plain icon"
            aria-label={`${streams.remove}: ${name}`}
            title={streams.remove}
            onClick={() => then(removeStream(stream))}
          >
            <Icon name="remove" />
          </button>
        )}
      </span>
    </li>
  );
}

function addressOf(source: Stream['source']): string {
  if ('path' in source) return source.path;
  return 'url' in source ? source.url : source.device;
}

function showStream(name: string): void {
  go({ project: project.value?.name, page: 'inspect', detail: `${VIEW}:${name}` });
}
