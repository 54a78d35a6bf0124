import type { Texts } from './en.ts';

const counted = (n: number, one: string, many: string) =>
  `${n.toLocaleString('de')} ${n === 1 ? one : many}`;

export const de: Texts = {
  app: {
    name: 'Bigrid',
    skip: 'Zum Inhalt',
    allProjects: 'Alle Projekte',
    settings: 'Einstellungen',
    theme: 'Darstellung',
    themes: { system: 'Wie das System', light: 'Hell', dark: 'Dunkel' },
    language: 'Sprache',
    signOut: 'Abmelden',
    dismiss: 'Schließen',
    cancel: 'Abbrechen',
    lost: 'Keine Verbindung zum Server. Neuer Versuch läuft…',
    notFound: 'Es gibt kein Projekt mit diesem Namen.',
    loading: 'Wird geladen…',
    left: (time) => `noch ${time}`,
  },
  pages: {
    images: 'Bilder',
    train: 'Training',
    threshold: 'Schwelle',
    inspect: 'Prüfen',
    versions: 'Versionen',
    watch: 'Überwachen',
    export: 'Exportieren',
  },
  errors: {
    unreachable: {
      text: 'Der Server ist nicht erreichbar.',
      remedy: 'Prüfen Sie, ob er läuft; die Seite macht dann von selbst weiter.',
    },
  },
  jobs: {
    states: {
      queued: 'Wartet auf einen anderen Auftrag',
      running: 'Startet',
      done: 'Fertig',
      failed: 'Fehlgeschlagen',
      cancelled: 'Abgebrochen',
    },
    phases: {
      reading: 'Bilder werden gelesen',
      'cross-fitting': 'Kreuzvalidierung',
      'abnormal grid': 'Lernt, wie Fehler aussehen',
      'normal grid': 'Lernt, wie gut aussieht',
      remembering: 'Merkt sich gute Teile',
      measuring: 'Der übliche Fehler wird gemessen',
      calibrating: 'Die Schwelle wird kalibriert',
      keeping: 'Bilder für Aktualisierungen werden behalten',
      inspecting: 'Bilder werden geprüft',
      evaluating: 'Auswertung',
    },
  },
  zoom: {
    label: 'Zoom',
    in: 'Vergrößern',
    out: 'Verkleinern',
    whole: 'Ganzes Bild',
  },
  signIn: {
    title: 'Anmelden',
    lead: 'Dieser Server verlangt einen Schlüssel. Sie bekommen ihn von der Person, die ihn betreibt.',
    key: 'Schlüssel',
    submit: 'Anmelden',
  },
  start: {
    title: 'Projekte',
    lead: 'Sammeln Sie Bilder guter Teile, und Bigrid lernt, wie gut aussieht.',
    name: 'Name des Produkts',
    nameHint: 'Buchstaben, Ziffern, Punkte, Bindestriche und Unterstriche',
    create: 'Projekt anlegen',
    sample: 'Mit der Beispiellinie ausprobieren',
    sampleHint: 'Ein Projekt mit erzeugten Bildern eines Teils, gut und fehlerhaft',
    training: (n) => `${counted(n, 'gutes Bild', 'gute Bilder')} zum Lernen`,
    testing: (normal, defects) =>
      `${counted(normal, 'gutes Bild', 'gute Bilder')} und ${counted(defects, 'Fehler', 'Fehler')} zum Testen`,
    unlabelled: (n) => counted(n, 'Bild ohne Label', 'Bilder ohne Label'),
    rename: 'Umbenennen',
    remove: 'Löschen',
    confirmRemove: (name) => `${name} mit allen Bildern löschen?`,
  },
};
