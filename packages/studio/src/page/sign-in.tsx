import { useState } from 'preact/hooks';
import { wordsOf } from './state/notices.ts';
import { loadProjects } from './state/projects.ts';
import { signIn } from './state/session.ts';
import { t } from './texts/index.ts';
import { Field } from './ui/controls.tsx';

/** Asks for the key that the server needs. The browser keeps it in a cookie that scripts cannot read. */
export function SignIn() {
  const { signIn: text } = t.value;
  const [error, setError] = useState<string>();
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    try {
      await signIn(String(data.get('key')).trim());
      await loadProjects();
    } catch (caught) {
      setError(wordsOf(caught).text);
    }
  };
  return (
    <main class="sign-in">
      <form class="panel" onSubmit={submit}>
        <h1>{text.title}</h1>
        <p class="quiet">{text.lead}</p>
        <Field
          label={text.key}
          name="key"
          type="password"
          autocomplete="current-password"
          required
          error={error}
        />
        <button type="submit" class="button primary">
          {text.submit}
        </button>
      </form>
    </main>
  );
}
