import { between, pick, type Random } from './random.ts';

const OPENINGS = [
  'This week',
  'Since spring',
  'For once',
  'On Thursday',
  'After the storm',
  'Before the frost',
  'Last night',
  'As promised',
];
const WHO = [
  'the garden group',
  'our neighbours',
  'the choir',
  'two volunteers',
  'the tool library',
  'everyone on the quay',
  'the night shift',
  'a class of nine-year-olds',
];
const DID = [
  'repaired',
  'planted',
  'painted',
  'carried',
  'measured',
  'borrowed',
  'sorted',
  'opened',
  'counted',
  'rebuilt',
];
const WHAT = [
  'the old greenhouse',
  'forty saplings',
  'the green benches',
  'a cargo trailer',
  'the rain barrels',
  'six radios',
  'the harbour pump',
  'the library shelves',
  'a wooden stage',
  'the bicycle stands',
];
const ENDINGS = [
  'and it held',
  'in a single afternoon',
  'without losing a screw',
  'with soup for all',
  'although it rained',
  'to loud applause',
  'for the third time',
  'and wrote down how',
];
const TITLE_NOUNS = [
  'garden',
  'harbour',
  'workshop',
  'library',
  'kitchen',
  'choir',
  'market',
  'tram stop',
  'playground',
  'archive',
  'orchard',
  'quay',
];
const TITLE_FORMS = [
  'Notes from the $',
  'What is new at the $',
  'A morning in the $',
  'How we saved the $',
  'Open day at the $',
  'Three questions about the $',
  'The $ in numbers',
  'Help wanted: the $',
];
export const TAGS = [
  'garden',
  'repair',
  'music',
  'kitchen',
  'report',
  'how-to',
  'history',
  'children',
  'trees',
  'tools',
  'planning',
  'market',
  'energy',
  'cycling',
  'news',
];
const GIVEN = [
  'Ama',
  'Bram',
  'Chen',
  'Dewi',
  'Elif',
  'Femi',
  'Greta',
  'Hanan',
  'Ines',
  'Jonas',
  'Kofi',
  'Lena',
  'Mateo',
  'Noor',
  'Olga',
  'Paulo',
  'Rana',
  'Sven',
  'Tala',
  'Yuki',
];
const FAMILY = [
  'Adeyemi',
  'Berg',
  'Costa',
  'Dahl',
  'Eriksen',
  'Fischer',
  'Garcia',
  'Hassan',
  'Ito',
  'Jansen',
  'Kowalski',
  'Lopez',
  'Moreau',
  'Nguyen',
  'Okafor',
  'Prasetyo',
  'Rossi',
  'Silva',
  'Tanaka',
  'Weber',
];

const sentence = (random: Random): string =>
  `${pick(random, OPENINGS)} ${pick(random, WHO)} ${pick(random, DID)} ${pick(random, WHAT)}, ${pick(random, ENDINGS)}.`;

const paragraph = (random: Random): string =>
  Array.from({ length: between(random, 2, 6) }, () => sentence(random)).join(' ');

export const postTitle = (random: Random, number: number): string =>
  `${pick(random, TITLE_FORMS).replace('$', pick(random, TITLE_NOUNS))}, no. ${number}`;

/** Markdown of some 1 to 4 KB, with the marks that people use. */
export function postText(random: Random): string {
  const parts = [paragraph(random)];
  for (let section = between(random, 1, 3); section > 0; section -= 1) {
    parts.push(`## The ${pick(random, TITLE_NOUNS)}`, paragraph(random));
    if (random() < 0.5)
      parts.push(
        Array.from(
          { length: between(random, 3, 6) },
          () => `- ${pick(random, WHO)}: **${pick(random, DID)}** ${pick(random, WHAT)}`,
        ).join('\n'),
      );
    if (random() < 0.3) parts.push(`> ${sentence(random)}`);
    if (random() < 0.2)
      parts.push(`| What | How many |\n| --- | --: |\n| ${pick(random, WHAT)} | ${between(random, 1, 90)} |`);
  }
  return parts.join('\n\n');
}

export const personName = (random: Random): string => `${pick(random, GIVEN)} ${pick(random, FAMILY)}`;

export const personBio = (random: Random): string => (random() < 0.5 ? sentence(random) : '');
