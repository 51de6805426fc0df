import { relative } from 'node:path';
import Sequencer from '@jest/test-sequencer';

/** Suites that start servers and browsers take the longest: begun last, one of them would run alone at the end. */
const LONG = /^test\/(?:apps|browser|cluster)\//;

export default class extends Sequencer {
  sort(tests) {
    const long = ({ path, context }) => LONG.test(relative(context.config.rootDir, path));
    const all = super.sort(tests);
    return [...all.filter(long), ...all.filter((test) => !long(test))];
  }
}
