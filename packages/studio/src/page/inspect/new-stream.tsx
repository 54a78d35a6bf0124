import { useState } from 'preact/hooks';
import { session } from '../state/session.ts';
import { createStream, type StreamSource } from '../state/streams.ts';
import { t } from '../texts/index.ts';
import { Field, Select } from '../ui/controls.tsx';
import { ErrorAlert } from '../ui/error-words.tsx';
import { Icon } from '../ui/icon.tsx';

type SourceType = StreamSource['type'];

/** What the address of each type of source is called in a request. */
const addressNames = {
  folder: 'path',
  rtsp: 'url',
  mjpeg: 'url',
  usb: 'device',
  video: 'path',
} as const satisfies Record<SourceType, string>;

const sourceTypes = Object.keys(addressNames) as SourceType[];

interface NewStreamProps {
  readonly model: string;
  readonly isFirst: boolean;
  readonly onCreated: (name: string) => void;
}

/** A folder or a camera at the server that the model is to inspect from now on. */
export function NewStream({ model, isFirst, onCreated }: NewStreamProps) {
  const { streams } = t.value.inspect;
  const [type, setType] = useState<SourceType>('folder');
  const [error, setError] = useState<unknown>();
  const { keysRequired, caller } = session.value ?? {};
  if (keysRequired && caller?.role !== 'admin') return <p class="quiet">{streams.adminOnly}</p>;
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const data = new FormData(form);
    const name = String(data.get('name')).trim().replaceAll(/\s+/g, '-');
    const source = { type, [addressNames[type]]: String(data.get('address')).trim() };
    try {
      await createStream({ name, model, source: source as StreamSource });
      setError(undefined);
      form.reset();
      onCreated(name);
    } catch (caught) {
      setError(caught);
    }
  };
  return (
    <details class="panel" open={isFirst}>
      <summary>{streams.add}</summary>
      <form class="new-stream" onSubmit={submit}>
        <Field label={streams.name} name="name" required maxLength={64} autocomplete="off" />
        <Select
          label={streams.source}
          value={type}
          options={sourceTypes.map((value) => ({ value, label: streams.sources[value] }))}
          onChange={setType}
        />
        <Field
          label={streams.addresses[type]}
          hint={streams.hints[type]}
          name="address"
          required
          autocomplete="off"
        />
        <button type="submit" class="button primary">
          <Icon name="plus" />
          {streams.create}
        </button>
        <ErrorAlert error={error} />
      </form>
    </details>
  );
}
