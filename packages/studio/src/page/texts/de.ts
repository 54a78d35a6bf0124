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
    empty: 'Noch keine Bilder',
    training: (n) => `${counted(n, 'gutes Bild', 'gute Bilder')} zum Lernen`,
    testing: (normal, defects) =>
      `${counted(normal, 'gutes Bild', 'gute Bilder')} und ${counted(defects, 'Fehler', 'Fehler')} zum Testen`,
    unlabelled: (n) => counted(n, 'Bild ohne Label', 'Bilder ohne Label'),
    rename: 'Umbenennen',
    remove: 'Löschen',
    confirmRemove: (name) => `${name} mit allen Bildern löschen?`,
  },
  watch: {
    lead: 'Ob Bilder noch aussehen wie bei der Kalibrierung, und jedes Urteil',
    noModel: 'Noch gibt es kein Modell zu überwachen.',
    noModelHint:
      'Trainieren Sie zuerst eines; danach erscheint hier jedes Bild, das für eine Linie geprüft wird.',
    nothing: 'In dieser Zeit wurde nichts geprüft.',
    nothingHint: 'Hier stehen Bilder von Streams und solche, die Programme an den Server senden.',
    range: 'Zeit',
    ranges: { hour: 'Stunde', day: 'Tag', week: 'Woche', month: '30 Tage', all: 'Alles' },
    steady: (n) =>
      n === 1
        ? 'Das letzte Bild sieht aus wie bei der Kalibrierung.'
        : `Die letzten ${n.toLocaleString('de')} Bilder sehen aus wie bei der Kalibrierung.`,
    drifted: (names) => `Seit der Kalibrierung verschoben: ${names}.`,
    driftHint:
      'Sehen Sie zuerst nach Kamera und Licht. Hat sich das Produkt geändert, sammeln Sie neue gute Bilder und aktualisieren Sie das Modell.',
    tooFew: 'Noch zu wenige Bilder, um zu sagen, ob sich etwas verschoben hat.',
    measures: {
      score: 'Anomaliewert',
      brightness: 'Helligkeit',
      contrast: 'Kontrast',
      sharpness: 'Schärfe',
      red: 'Rotanteil',
      blue: 'Blauanteil',
    },
    moved: 'verschoben',
    outside: (n, of, expected) =>
      `${n} der letzten ${of} außerhalb des Bands, ${expected} erwartet`,
    band: 'Das Band umfasst 98 von 100 guten Bildern der Kalibrierung.',
    share: 'Alarme',
    shareNow: (alarms, of) =>
      `${counted(alarms, 'Alarm', 'Alarme')} in ${counted(of, 'Bild', 'Bildern')}`,
    chartOf: (name) => `${name} im Verlauf`,
    log: 'Urteile',
    search: 'Namen suchen',
    verdict: 'Urteil',
    anyVerdict: 'Alle',
    verdicts: { normal: 'Normal', unsure: 'Unsicher', anomalous: 'Anomal' },
    unknown: 'nicht das Produkt',
    download: 'CSV herunterladen',
    older: 'Ältere zeigen',
    columns: {
      at: 'Zeit',
      name: 'Bild',
      source: 'Quelle',
      verdict: 'Urteil',
      score: 'Wert',
      threshold: 'Schwelle',
      version: 'Version',
    },
    noName: 'ohne Namen',
    http: 'Programm',
  },
};
