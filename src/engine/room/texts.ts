/** What the waiting page says, in one language. */
export interface RoomTexts {
  waiting: { heading: string; text: (site: string) => string };
  next: { heading: string; text: (site: string) => string };
  before: { heading: string; text: (site: string) => string };
  placeLabel: string;
  waitLabel: string;
  beginsLabel: string;
  ofWaiting: (waiting: string) => string;
  /** This page does it all by itself. */
  note: string;
  moment: string;
  about: (from: string, to: string, unit: 'second' | 'minute') => string;
  progress: string;
}

const en: RoomTexts = {
  waiting: {
    heading: 'You are in line',
    text: (site) => `Many people want to see ${site} right now. Your place is kept, and nobody passes you.`,
  },
  next: { heading: 'You are next', text: (site) => `${site} opens for you in a moment.` },
  before: {
    heading: 'It begins soon',
    text: (site) =>
      `${site} opens for everybody at the same time. Places are drawn then: whoever is here before the start has the same chance.`,
  },
  placeLabel: 'Your place',
  waitLabel: 'Your turn comes in',
  beginsLabel: 'It begins in',
  ofWaiting: (waiting) => `of ${waiting}`,
  note: 'Keep this page open. It looks by itself and takes you to what you asked for.',
  moment: 'a moment',
  about: (from, to, unit) =>
    from === to ? `about ${from} ${unit}${from === '1' ? '' : 's'}` : `${from} to ${to} ${unit}s`,
  progress: 'How far you have come in the line',
};

const id: RoomTexts = {
  waiting: {
    heading: 'Anda sudah dalam antrean',
    text: (site) => `Banyak orang sedang membuka ${site}. Tempat Anda tersimpan, dan tidak ada yang mendahului Anda.`,
  },
  next: { heading: 'Giliran Anda berikutnya', text: (site) => `${site} segera terbuka untuk Anda.` },
  before: {
    heading: 'Segera dimulai',
    text: (site) =>
      `${site} dibuka untuk semua orang pada saat yang sama. Urutan diundi saat itu: siapa pun yang hadir sebelum mulai mendapat peluang yang sama.`,
  },
  placeLabel: 'Tempat Anda',
  waitLabel: 'Giliran Anda dalam',
  beginsLabel: 'Dimulai dalam',
  ofWaiting: (waiting) => `dari ${waiting}`,
  note: 'Biarkan halaman ini terbuka. Halaman ini memeriksa sendiri dan membawa Anda ke halaman yang Anda minta.',
  moment: 'sebentar lagi',
  about: (from, to, unit) => {
    const word = unit === 'second' ? 'detik' : 'menit';
    return from === to ? `sekitar ${from} ${word}` : `${from} sampai ${to} ${word}`;
  },
  progress: 'Seberapa jauh Anda dalam antrean',
};

export const TEXTS: Readonly<Record<string, RoomTexts>> = { en, id };
export const ROOM_LANGUAGES: readonly string[] = Object.keys(TEXTS);
