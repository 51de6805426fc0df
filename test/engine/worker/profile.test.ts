import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MAX_PROFILES, takeProfile } from '../../../src/engine/worker/profile.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tahan-profile-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a CPU profile', () => {
  test('has what ran and the heap’s numbers, and the oldest give way', async () => {
    for (let count = 10; count < 10 + MAX_PROFILES + 2; count++)
      writeFileSync(join(folder, `2026-${count}.cpuprofile`), '{}');
    writeFileSync(join(folder, 'report.html'), '');
    await takeProfile(0.05, join(folder, '2027.cpuprofile'));
    const left = readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'));
    expect([left.length, left.includes('2027.cpuprofile'), left.includes('2026-10.cpuprofile')]).toEqual([
      MAX_PROFILES,
      true,
      false,
    ]);
    expect(readdirSync(folder)).toContain('report.html');
    const { nodes, samples, tahan } = JSON.parse(readFileSync(join(folder, '2027.cpuprofile'), 'utf8'));
    expect([nodes.length > 0, samples.length > 0, tahan.seconds]).toEqual([true, true, 0.05]);
    expect(tahan.heap.used).toBeGreaterThan(1_000_000);
    expect(tahan.heap.limit).toBeGreaterThan(tahan.heap.used);
  });

  test('that is too large is not written', async () => {
    const file = join(folder, 'large.cpuprofile');
    await expect(takeProfile(0.01, file, 100)).rejects.toThrow('more than 100');
    expect(readdirSync(folder)).not.toContain('large.cpuprofile');
  });
});
