import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { request } from '../api/client.ts';
import type { Image, ImagePage, Project } from '../api/types.ts';
import { thumbnailUrl } from '../state/images.ts';
import { tellError } from '../state/notices.ts';
import { loadProjects, projectPath, renameProject } from '../state/projects.ts';
import { hashOf } from '../state/route.ts';
import { t } from '../texts/index.ts';
import { Icon } from '../ui/icon.tsx';

/** Images that a card shows. */
const FIRST = 4;

/** A project: some of its images, how many it has, and what changes it. */
export function ProjectCard({ project }: { project: Project }) {
  const { start } = t.value;
  const { name, title, images } = project;
  const isEmpty = Object.values(images).every((count) => count === 0);
  return (
    <li class="panel project-card">
      <Head project={project} />
      <FirstImages name={name} />
      <p class="quiet">{isEmpty ? start.empty : start.training(images.training)}</p>
      {images.normal + images.defects > 0 && (
        <p class="quiet">{start.testing(images.normal, images.defects)}</p>
      )}
      {images.unlabelled > 0 && <p class="quiet">{start.unlabelled(images.unlabelled)}</p>}
      {title !== name && (
        <p class="quiet small">
          {start.inPrograms} <code>{name}</code>
        </p>
      )}
    </li>
  );
}

function Head({ project: { name, title } }: { project: Project }) {
  const { start } = t.value;
  const [isRenaming, setRenaming] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const wasRenaming = useRef(false);
  useLayoutEffect(() => {
    if (wasRenaming.current) button.current?.focus();
    wasRenaming.current = isRenaming;
  }, [isRenaming]);
  if (isRenaming) return <Rename name={name} title={title} onClose={() => setRenaming(false)} />;
  return (
    <div class="toolbar">
      <h2>
        <a href={hashOf({ project: name, page: 'images' })}>{title}</a>
      </h2>
      <button
        ref={button}
        type="button"
        class="button plain icon end"
        aria-label={`${start.rename}: ${title}`}
        title={start.rename}
        onClick={() => setRenaming(true)}
      >
        <Icon name="edit" />
      </button>
      <RemoveProject name={name} title={title} />
    </div>
  );
}

interface RenameProps extends Pick<Project, 'name' | 'title'> {
  readonly onClose: () => void;
}

/** Asks for another title, in the place of the title. */
function Rename({ name, title, onClose }: RenameProps) {
  const { start, app } = t.value;
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => input.current?.select(), []);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    renameProject(name, input.current?.value ?? title)
      .then(onClose)
      .catch(tellError);
  };
  return (
    <form class="toolbar rename" onSubmit={submit}>
      <input
        ref={input}
        class="input"
        aria-label={start.newTitle(title)}
        defaultValue={title}
        required
        maxLength={100}
        autocomplete="off"
        onKeyDown={({ key }) => key === 'Escape' && onClose()}
      />
      <button type="submit" class="button primary">
        {start.rename}
      </button>
      <button type="button" class="button" onClick={onClose}>
        {app.cancel}
      </button>
    </form>
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
function RemoveProject({ name, title }: Pick<Project, 'name' | 'title'>) {
  const { start, app } = t.value;
  const [isAsking, ask] = useState(false);
  const remove = () =>
    request(projectPath(name), { method: 'DELETE' }).then(loadProjects).catch(tellError);
  if (!isAsking) {
    return (
      <button
        type="button"
        class="button plain icon"
        aria-label={`${start.remove}: ${title}`}
        title={start.remove}
        onClick={() => ask(true)}
      >
        <Icon name="remove" />
      </button>
    );
  }
  return (
    <div class="toolbar confirm" role="alert">
      <span>{start.confirmRemove(title)}</span>
      <button type="button" class="button danger end" onClick={remove}>
        {start.remove}
      </button>
      <button type="button" class="button" onClick={() => ask(false)}>
        {app.cancel}
      </button>
    </div>
  );
}
