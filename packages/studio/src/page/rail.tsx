import iconUrl from './icon.svg';
import { project } from './state/projects.ts';
import { hashOf, pages, route } from './state/route.ts';
import { session, signOut } from './state/session.ts';
import { theme, themes } from './state/theme.ts';
import { chooseLanguage, type Language, language, languageNames, t } from './texts/index.ts';
import { Select } from './ui/controls.tsx';
import { Icon } from './ui/icon.tsx';

const languageOptions = (Object.keys(languageNames) as Language[]).map((value) => ({
  value,
  label: languageNames[value],
  lang: value,
}));

/** The way through a project, and the settings of the page. */
export function Rail() {
  const { page: current } = route.value;
  const { name, title } = project.value ?? {};
  return (
    <header class="rail">
      <a class="brand" href="#/" title={t.value.app.allProjects}>
        <img src={iconUrl} alt="" />
        {t.value.app.name}
      </a>
      {name !== undefined && (
        <>
          <div class="project">{title}</div>
          <nav aria-label={title}>
            <ul>
              {pages.map((page) => (
                <li key={page}>
                  <a
                    href={hashOf({ project: name, page })}
                    aria-current={page === current ? 'page' : undefined}
                  >
                    <Icon name={page} />
                    <span>{t.value.pages[page]}</span>
                  </a>
                </li>
              ))}
            </ul>
          </nav>
        </>
      )}
      <Settings />
    </header>
  );
}

function Settings() {
  const { app } = t.value;
  return (
    <details class="settings">
      <summary>
        <Icon name="settings" />
        <span>{app.settings}</span>
      </summary>
      <div class="options">
        <Select
          label={app.theme}
          value={theme.value}
          options={themes.map((value) => ({ value, label: app.themes[value] }))}
          onChange={(chosen) => {
            theme.value = chosen;
          }}
        />
        <Select
          label={app.language}
          value={language.value}
          options={languageOptions}
          onChange={chooseLanguage}
        />
        {session.value?.keysRequired && (
          <button type="button" class="button" onClick={() => signOut()}>
            {app.signOut}
          </button>
        )}
      </div>
    </details>
  );
}
