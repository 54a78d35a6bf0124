import { useEffect, useState } from 'preact/hooks';
import { request } from '../api/client.ts';
import type { DetailedModelVersion, Example } from '../api/types.ts';
import { modelPath } from '../state/model.ts';
import { tellError } from '../state/notices.ts';
import { t } from '../texts/index.ts';
import { Segments } from '../ui/controls.tsx';
import { Icon } from '../ui/icon.tsx';

/** Code for exactly this version, in several languages, to copy. */
export function Examples({ model: { model, version } }: { model: DetailedModelVersion }) {
  const { export: text } = t.value;
  const [examples, setExamples] = useState<readonly Example[]>([]);
  const [chosen, choose] = useState<string>();
  useEffect(() => {
    request<Example[]>(modelPath(model, version, '/examples')).then(setExamples, tellError);
  }, [model, version]);
  const example = examples.find(({ title }) => title === chosen) ?? examples[0];
  if (!example) return null;
  return (
    <section class="panel examples">
      <h2>{text.examples}</h2>
      <p class="quiet">{text.examplesHint}</p>
      <div class="toolbar">
        <Segments
          label={text.language}
          value={example.title}
          options={examples.map(({ title }) => ({ value: title, label: title }))}
          onChange={choose}
        />
        <CopyButton text={example.code} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to take the keys that scroll it */}
      <pre tabIndex={0}>
        <code>{example.code}</code>
      </pre>
    </section>
  );
}

function CopyButton({ text: code }: { text: string }) {
  const { export: text } = t.value;
  const [copied, setCopied] = useState<string>();
  const isCopied = copied === code;
  return (
    <>
      <button
        type="button"
        class="button end"
        onClick={() => copy(code).then(() => setCopied(code))}
      >
        <Icon name={isCopied ? 'check' : 'copy'} />
        {isCopied ? text.copied : text.copy}
      </button>
      <span class="visually-hidden" role="status">
        {isCopied && text.copied}
      </span>
    </>
  );
}

/** The clipboard is only for pages with a secure context; elsewhere the text is selected and copied. */
async function copy(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement('textarea');
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}
