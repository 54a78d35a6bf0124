import { useState } from 'preact/hooks';
import { request } from '../api/client.ts';
import { tellError } from '../state/notices.ts';
import { createProject, loadProjects, projectPath, projects } from '../state/projects.ts';
import { go } from '../state/route.ts';
import { t } from '../texts/index.ts';
import { Field } from '../ui/controls.tsx';
import { ErrorAlert } from '../ui/error-words.tsx';
import { Icon } from '../ui/icon.tsx';
import { ProjectCard } from './project-card.tsx';
import './start-page.css';

/** Name of the project of the sample line. */
const SAMPLE = 'sample-line';

/** All projects, and the ways to begin one. */
export function StartPage() {
  const { start } = t.value;
  return (
    <>
      <div class="page-head">
        <h1>{start.title}</h1>
        <p>{start.lead}</p>
      </div>
      <div class="beginnings">
        <NewProject />
        <Sample />
      </div>
      <ul class="projects">
        {projects.value?.map((project) => (
          <ProjectCard key={project.name} project={project} />
        ))}
      </ul>
    </>
  );
}

function NewProject() {
  const { start } = t.value;
  const [isTaken, setTaken] = useState(false);
  const [error, setError] = useState<unknown>();
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    const title = String(data.get('name')).trim();
    const hasTitle = projects.value?.some((project) => project.title === title) ?? false;
    setTaken(hasTitle);
    setError(undefined);
    if (hasTitle) return;
    try {
      go({ project: await createProject(title), page: 'images' });
    } catch (caught) {
      setError(caught);
    }
  };
  return (
    <form class="panel new-project" onSubmit={submit}>
      <Field
        label={start.name}
        hint={start.nameHint}
        name="name"
        required
        maxLength={100}
        autocomplete="off"
        error={isTaken ? start.taken : undefined}
      />
      <button type="submit" class="button primary">
        <Icon name="plus" />
        {start.create}
      </button>
      <ErrorAlert error={error} />
    </form>
  );
}

function Sample() {
  const { start } = t.value;
  const [isBusy, setBusy] = useState(false);
  const make = async () => {
    setBusy(true);
    try {
      if (!projects.value?.some(({ name }) => name === SAMPLE)) {
        await request(projectPath(SAMPLE, '/sample'), { method: 'POST' });
        await loadProjects();
      }
      go({ project: SAMPLE, page: 'images' });
    } catch (error) {
      tellError(error);
    }
    setBusy(false);
  };
  return (
    <div class="panel sample">
      <p class="quiet">{start.sampleHint}</p>
      <button type="button" class="button" disabled={isBusy} onClick={make}>
        <Icon name="play" />
        {start.sample}
      </button>
    </div>
  );
}
