import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { allScenarios } from '../../../scripts/stress/all-scenarios.ts';
import { BROKEN_BUILDS, patched } from '../../storms/broken-builds.ts';

const engine = new URL('../../../src/engine/', import.meta.url);

describe('the broken builds of npm run test:storms', () => {
  test.each(BROKEN_BUILDS.map((build) => [build.name, build] as const))(
    '%s can be made, and names a scenario',
    async (_, build) => {
      expect((await allScenarios()).map(({ name }) => name)).toContain(build.scenario);
      const patches = build.patches ?? [];
      for (const file of new Set(patches.map((patch) => patch.file))) {
        const source = readFileSync(new URL(file, engine), 'utf8');
        const ofFile = patches.filter((patch) => patch.file === file);
        expect(patched(source, ofFile)).not.toBe(source);
      }
      expect(build.env ?? build.patches).toBeDefined();
    },
  );

  test('a patch whose text has gone is said', () => {
    expect(() => patched('a', [{ file: 'f.ts', text: 'b', to: 'c' }])).toThrow('f.ts does not have "b"');
  });
});
