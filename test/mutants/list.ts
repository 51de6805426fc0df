import type { Mutant } from './mutant.ts';
import { ADMISSION } from './rooms/admission.ts';
import { CACHE } from './rooms/cache.ts';
import { CONNECTION } from './rooms/connection.ts';
import { MONITOR } from './rooms/monitor.ts';
import { PAGES_AT_WORK } from './rooms/pages.ts';
import { PARTS } from './rooms/parts.ts';
import { PRIMARY } from './rooms/primary.ts';
import { ROOM } from './rooms/room.ts';
import { TRAFFIC } from './rooms/traffic.ts';

/** All mutants, room by room. */
export const MUTANTS: readonly Mutant[] = [
  ...ADMISSION,
  ...PAGES_AT_WORK,
  ...CACHE,
  ...CONNECTION,
  ...PARTS,
  ...ROOM,
  ...PRIMARY,
  ...MONITOR,
  ...TRAFFIC,
];
