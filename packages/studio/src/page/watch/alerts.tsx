import { useState } from 'preact/hooks';
import type { Stream } from '../api/types.ts';
import { tell, tellError } from '../state/notices.ts';
import { project } from '../state/projects.ts';
import { hashOf } from '../state/route.ts';
import { session } from '../state/session.ts';
import { setSinks, testSink, useStreams } from '../state/streams.ts';
import { formatNumber, t } from '../texts/index.ts';
import { Icon } from '../ui/icon.tsx';
import { NewAlert } from './new-alert.tsx';

/** Where the results of the model's streams go, and the ways to change that. */
export function Alerts({ model }: { model: string }) {
  const { alerts } = t.value.watch;
  const [streams, load] = useStreams(model);
  const { keysRequired, caller } = session.value ?? {};
  const isAdmin = !keysRequired || caller?.role === 'admin';
  if (!streams) return null;
  return (
    <section class="panel alerts">
      <h2>{alerts.title}</h2>
      {streams.length === 0 ? (
        <NoStreams />
      ) : (
        <>
          <p class="quiet">{alerts.lead}</p>
          <AlertList streams={streams} isAdmin={isAdmin} onChange={load} />
          {isAdmin ? (
            <NewAlert streams={streams} onAdded={load} />
          ) : (
            <p class="quiet small">{alerts.adminOnly}</p>
          )}
        </>
      )}
    </section>
  );
}

function NoStreams() {
  const { alerts } = t.value.watch;
  const href = hashOf({ project: project.value?.name, page: 'inspect', detail: 'streams' });
  return (
    <p class="quiet">
      {alerts.noStreams} <a href={href}>{alerts.toStreams}</a>
    </p>
  );
}

interface AlertListProps {
  readonly streams: readonly Stream[];
  readonly isAdmin: boolean;
  readonly onChange: () => void;
}

function AlertList({ streams, isAdmin, onChange }: AlertListProps) {
  const all = streams.flatMap((stream) => stream.sinks.map((_, at) => ({ stream, at })));
  if (all.length === 0) return <p class="quiet small">{t.value.watch.alerts.none}</p>;
  return (
    <ul>
      {all.map(({ stream, at }) => (
        <Alert
          // Another one may take its place.
          key={`${stream.name} ${at} ${JSON.stringify(stream.sinks[at]?.definition)}`}
          stream={stream}
          at={at}
          isAdmin={isAdmin}
          onChange={onChange}
        />
      ))}
    </ul>
  );
}

interface AlertProps extends Omit<AlertListProps, 'streams'> {
  readonly stream: Stream;
  /** Its place among the sinks of the stream. */
  readonly at: number;
}

/** A sink. Removing it is asked for again in its place. */
function Alert({ stream, at, isAdmin, onChange }: AlertProps) {
  const { alerts, verdicts } = t.value.watch;
  const { definition, delivered, skipped, trouble } = stream.sinks[at] as Stream['sinks'][number];
  const kinds = definition.verdicts?.map((verdict) => verdicts[verdict]).join(', ');
  return (
    <li>
      <span>
        {alerts.types[definition.type]}{' '}
        {'url' in definition && <span class="quiet small">{definition.url}</span>}
      </span>
      <span class="quiet small">
        {stream.name} · {kinds ?? alerts.chosenVerdicts.all}
      </span>
      <span class="quiet small number">
        {alerts.counts(formatNumber(delivered), formatNumber(skipped))}
      </span>
      {isAdmin && <Changes stream={stream} at={at} onChange={onChange} />}
      {trouble !== undefined && <p class="warning small">{alerts.trouble(trouble)}</p>}
    </li>
  );
}

function Changes({ stream, at, onChange }: Omit<AlertProps, 'isAdmin'>) {
  const { watch, app } = t.value;
  const { alerts } = watch;
  const [isAsking, ask] = useState(false);
  const definitions = stream.sinks.map(({ definition }) => definition);
  const { type } = definitions[at] as (typeof definitions)[number];
  const test = () =>
    testSink(stream, definitions[at] as object)
      .then(() => tell(alerts.tested))
      .catch(tellError);
  const remove = () =>
    setSinks(stream, definitions.toSpliced(at, 1)).then(onChange).catch(tellError);
  if (isAsking) {
    return (
      <span class="toolbar end" role="alert">
        {alerts.confirmRemove}
        <button type="button" class="button danger" onClick={remove}>
          {alerts.remove}
        </button>
        <button type="button" class="button" onClick={() => ask(false)}>
          {app.cancel}
        </button>
      </span>
    );
  }
  return (
    <span class="toolbar end">
      {(type === 'webhook' || type === 'mqtt') && (
        <button type="button" class="button" onClick={test}>
          {alerts.test}
        </button>
      )}
      <button
        type="button"
        class="button plain icon"
        aria-label={`${alerts.remove}: ${alerts.types[type]}`}
        title={alerts.remove}
        onClick={() => ask(true)}
      >
        <Icon name="remove" />
      </button>
    </span>
  );
}
