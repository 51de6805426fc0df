import { describe, expect, test } from '@jest/globals';
import { Proof } from '../../../src/engine/primary/proof.ts';
import { beat } from './views.ts';

describe('a new worker is proved', () => {
  const servingSince = (servingAt: number | undefined) => (arrived: number) => ({
    id: 1,
    servingAt,
    beat: beat({ arrived }),
  });

  test('by three answers on the port and half a second of service, not by the requests of its self-test', () => {
    const proof = new Proof();
    const worker = servingSince(1_000);
    expect(proof.of(worker(5), 1_000)).toBe('early');
    expect(proof.of(worker(8), 1_499)).toBe('early');
    expect(proof.of(worker(7), 1_500)).toBe('unvisited');
    expect(proof.of(worker(8), 1_500)).toBe('proved');
  });

  test('each for itself, and not before its first beat', () => {
    const proof = new Proof();
    expect(proof.of({ id: 1, servingAt: 0, beat: undefined }, 10_000)).toBe('early');
    expect(proof.of(servingSince(undefined)(0), 10_000)).toBe('early');
    expect(proof.of({ ...servingSince(0)(3), id: 2 }, 10_000)).toBe('unvisited');
    expect(proof.of(servingSince(0)(3), 10_000)).toBe('proved');
  });
});
