import { signal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import { isConnected } from './api/connection.ts';
import { Notices } from './notices.tsx';
import { Rail } from './rail.tsx';
import { SignIn } from './sign-in.tsx';
import { StartPage } from './start/start-page.tsx';
import { tellError } from './state/notices.ts';
import { loadProjects, project, projects } from './state/projects.ts';
import { type PageName, route } from './state/route.ts';
import { loadSession, session } from './state/session.ts';
import { t } from './texts/index.ts';
import { Empty } from './ui/controls.tsx';

type Page = ComponentType;

/** Pages load when they are first opened. */
const loaders: Record<PageName, () => Promise<{ default: Page }>> = {
  images: () => import('./images/images-page.tsx'),
  train: () => import('./train/train-page.tsx'),
  threshold: () => import('./threshold/threshold-page.tsx'),
  inspect: () => import('./inspect/inspect-page.tsx'),
  versions: () => import('./versions/versions-page.tsx'),
  watch: () => import('./watch/watch-page.tsx'),
  export: () => import('./export/export-page.tsx'),
};

const loaded = signal<Partial<Record<PageName, Page>>>({});

async function load(name: PageName): Promise<void> {
  if (loaded.value[name]) return;
  const { default: page } = await loaders[name]();
  loaded.value = { ...loaded.value, [name]: page };
}

export function App() {
  useEffect(() => {
    if (isConnected.value) loadSession().then(loadProjects).catch(tellError);
  }, [isConnected.value]);
  const { keysRequired, caller } = session.value ?? {};
  if (keysRequired && !caller) return <SignIn />;
  return (
    <>
      {!isConnected.value && (
        <p class="lost" role="alert">
          {t.value.app.lost}
        </p>
      )}
      <button type="button" class="button skip" onClick={focusContent}>
        {t.value.app.skip}
      </button>
      <div class="shell">
        <Rail />
        <main id="content" class="content" tabIndex={-1}>
          <Content />
        </main>
      </div>
      <Notices />
    </>
  );
}

function Content() {
  const { project: name, page } = route.value;
  useEffect(() => {
    if (name !== undefined) load(page).catch(tellError);
  }, [name, page]);
  if (name === undefined) return <StartPage />;
  const Page = loaded.value[page];
  if (!projects.value || !Page) return <p class="quiet">{t.value.app.loading}</p>;
  if (!project.value) return <Empty title={t.value.app.notFound} />;
  // A page begins anew with another project.
  return <Page key={name} />;
}

/** Past the navigation. Not a link: the hash of the URL is the route. */
function focusContent(): void {
  document.getElementById('content')?.focus();
}
