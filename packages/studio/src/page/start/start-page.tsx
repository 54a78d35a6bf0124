import { useEffect, useState } from 'preact/hooks';
import { request } from '../api/client.ts';
import type { Image, ImagePage, Project } from '../api/types.ts';
import { thumbnailUrl } from '../state/images.ts';
import { tellError, wordsOf } from '../state/notices.ts';
import { createProject, loadProjects, projectPath, projects } from '../state/projects.ts';
import { go, hashOf } from '../state/route.ts';
import { t } from '../texts/index.ts';
import { Field } from '../ui/controls.tsx';
import { Icon } from '../ui/icon.tsx';
import './start-page.css';

/** Name of the project of the sample line. */
const SAMPLE = 'sample-line';
/** Images that a card shows. */
const FIRST = 4;

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
  const [error, setError] = useState<string>();
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    // Spaces are what people type, and what a name in a URL cannot have.
    const name = String(data.get('name')).trim().replaceAll(/\s+/g, '-');
    try {
      await createProject(name);
      go({ project: name, page: 'images' });
    } catch (caught) {
      setError(wordsOf(caught).text);
    }
  };
  return (
    <form class="panel new-project" onSubmit={submit}>
      <Field
        label={start.name}
        hint={start.nameHint}
        name="name"
        required
        maxLength={64}
        autocomplete="off"
        error={error}
      />
      <button type="submit" class="button primary">
        <Icon name="plus" />
        {start.create}
      </button>
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

function ProjectCard({ project: { name, images } }: { project: Project }) {
  const { start } = t.value;
  const isEmpty = Object.values(images).every((count) => count === 0);
  return (
    <li class="panel project-card">
      <div class="toolbar">
        <h2>
          <a href={hashOf({ project: name, page: 'images' })}>{name}</a>
        </h2>
        <RemoveProject name={name} />
      </div>
      <FirstImages name={name} />
      <p class="quiet">{isEmpty ? start.empty : start.training(images.training)}</p>
      {images.normal + images.defects > 0 && (
        <p class="quiet">{start.testing(images.normal, images.defects)}</p>
      )}
      {images.unlabelled > 0 && <p class="quiet">{start.unlabelled(images.unlabelled)}</p>}
    </li>
  );
}

/** Some images, to know the project by. */
function FirstImages({ name }: { name: string }) {
  const [images, setImages] = useState<readonly Image[]>([]);
  useEffect(() => {
    const query = { limit: FIRST };
    request<ImagePage>(projectPath(name, '/images'), { query }).then(
      (page) => setImages(page.images),
      tellError,
    );
  }, [name]);
  return (
    <div class="first-images">
      {images.map((image) => (
        <img key={image.id} src={thumbnailUrl(name, image)} alt="" loading="lazy" />
      ))}
    </div>
  );
}

/** Asks in its own place before it deletes. */
function RemoveProject({ name }: { name: string }) {
  const { start, app } = t.value;
  const [isAsking, ask] = useState(false);
  const remove = () =>
    request(projectPath(name), { method: 'DELETE' }).then(loadProjects).catch(tellError);
  if (!isAsking) {
    return (
      <button
        type="button"
        class="button plain icon end"
        aria-label={`${start.remove}: ${name}`}
        onClick={() => ask(true)}
      >
        <Icon name="remove" />
      </button>
    );
  }
  return (
    <div class="toolbar confirm" role="alert">
      <span>{start.confirmRemove(name)}</span>
      <button type="button" class="button danger end" onClick={remove}>
        {start.remove}
      </button>
      <button type="button" class="button" onClick={() => ask(false)}>
        {app.cancel}
      </button>
    </div>
  );
}
