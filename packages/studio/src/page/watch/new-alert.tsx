import { useRef, useState } from 'preact/hooks';
import type { Stream } from '../api/types.ts';
import { tell } from '../state/notices.ts';
import { type StreamSink, setSinks, testSink } from '../state/streams.ts';
import { t } from '../texts/index.ts';
import { Field, Segments, Select } from '../ui/controls.tsx';
import { ErrorAlert } from '../ui/error-words.tsx';
import { Icon } from '../ui/icon.tsx';

/** Verdicts that are told; all of them if undefined. */
const verdicts = {
  anomalous: ['anomalous'],
  doubtful: ['anomalous', 'unsure'],
  all: undefined,
} as const;
type VerdictChoice = keyof typeof verdicts;
const verdictChoices = Object.keys(verdicts) as VerdictChoice[];

const types = ['webhook', 'mqtt'] as const;
type AlertType = (typeof types)[number];

interface NewAlertProps {
  readonly streams: readonly Stream[];
  readonly onAdded: () => void;
}

/** A webhook or a broker that is to get the results of a stream. */
export function NewAlert({ streams, onAdded }: NewAlertProps) {
  const { alerts } = t.value.watch;
  const form = useRef<HTMLFormElement>(null);
  const [type, setType] = useState<AlertType>('webhook');
  const [error, setError] = useState<unknown>();
  const [name, setName] = useState(streams[0]?.name ?? '');
  const stream = streams.find((one) => one.name === name) ?? (streams[0] as Stream);
  const attempt = (act: (sink: StreamSink) => Promise<void>) => {
    if (!form.current?.reportValidity()) return;
    setError(undefined);
    act(sinkOf(type, new FormData(form.current))).catch((caught) => setError(caught));
  };
  const add = (event: SubmitEvent) => {
    event.preventDefault();
    attempt(async (sink) => {
      await setSinks(stream, [...stream.sinks.map(({ definition }) => definition), sink]);
      form.current?.reset();
      onAdded();
    });
  };
  const test = () =>
    attempt(async (sink) => {
      await testSink(stream, sink);
      tell(alerts.tested);
    });
  return (
    <details>
      <summary>{alerts.add}</summary>
      <form ref={form} class="new-alert" onSubmit={add}>
        <div class="field">
          <span>{alerts.type}</span>
          <Segments
            label={alerts.type}
            value={type}
            options={types.map((value) => ({ value, label: alerts.types[value] }))}
            onChange={setType}
          />
        </div>
        <Select
          label={alerts.stream}
          value={stream.name}
          options={streams.map((one) => ({ value: one.name, label: one.name }))}
          onChange={setName}
        />
        <Receiver type={type} stream={stream.name} />
        <Select
          label={alerts.verdicts}
          name="verdicts"
          options={verdictChoices.map((value) => ({ value, label: alerts.chosenVerdicts[value] }))}
        />
        <div class="toolbar">
          <button type="submit" class="button primary">
            <Icon name="plus" />
            {alerts.create}
          </button>
          <button type="button" class="button" onClick={test}>
            {alerts.test}
          </button>
        </div>
        <ErrorAlert error={error} />
      </form>
    </details>
  );
}

/** The fields of a type of receiver. */
function Receiver({ type, stream }: { type: AlertType; stream: string }) {
  const { alerts } = t.value.watch;
  return (
    <>
      <Field
        label={alerts.url}
        hint={alerts.urlHints[type]}
        name="url"
        required
        autocomplete="off"
      />
      {type === 'mqtt' && (
        <>
          <Field
            label={alerts.topic}
            hint={alerts.topicHint(stream)}
            name="topic"
            autocomplete="off"
          />
          <Field label={alerts.username} name="username" autocomplete="off" />
          <Field
            label={alerts.password}
            name="password"
            type="password"
            autocomplete="new-password"
          />
        </>
      )}
    </>
  );
}

const fields = ['url', 'topic', 'username', 'password'] as const;

/** A sink as the server takes it, without what was left empty. */
function sinkOf(type: AlertType, data: FormData): StreamSink {
  const texts = fields.map((name) => [name, String(data.get(name) ?? '').trim()] as const);
  const given = texts.filter(([, text]) => text !== '');
  return {
    type,
    ...Object.fromEntries(given),
    verdicts: verdicts[data.get('verdicts') as VerdictChoice],
  } as unknown as StreamSink;
}
