/** A server with one of its protections taken out. The stress test must fail it, in the scenario that is named. */
export interface BrokenBuild {
  name: string;
  /** The scenario whose verdict must fail. */
  scenario: string;
  /** Settings that take it out. */
  env?: Record<string, string>;
  /** Text of a file below src/engine that is replaced, wherever it stands. */
  patches?: { file: string; text: string; to: string }[];
}

export const BROKEN_BUILDS: readonly BrokenBuild[] = [
  { name: 'gate off', scenario: 'spike', env: { TAHAN_DRY_RUN: '1' } },
  {
    name: 'cache off',
    scenario: 'flash-crowd',
    patches: [{ file: 'routes.ts', text: 'cacheable: policy.cache !== undefined', to: 'cacheable: false' }],
  },
  {
    name: 'lanes off',
    scenario: 'slow-tasks',
    patches: [
      // One queue for all, in the order in which they came, without a bound.
      { file: 'admission/lanes.ts', text: 'name.isSlow ? this.slow : this.quick', to: 'this.quick' },
      { file: 'admission/lanes.ts', text: 'const { priority } = task;', to: "const priority: Priority = 'normal';" },
      { file: 'admission/lanes.ts', text: 'Math.max(1, threads - 1)', to: 'threads' },
      { file: 'admission/lanes.ts', text: 'if (waitMs > entry.boundMs)', to: 'if (waitMs < 0)' },
      { file: 'admission/lanes.ts', text: 'if (lane.codel[priority]', to: 'if (now < 0 && lane.codel[priority]' },
      {
        file: 'admission/lanes.ts',
        text: 'return this.waitMs(name, lane, priority, now) > this.boundMs(lane, remainingMs, now);',
        to: 'return this.waitMs(name, lane, priority, now) > this.boundMs(lane, remainingMs, now) * 1e9;',
      },
      {
        file: 'admission/lanes.ts',
        text: 'return this.waitMs(name, this.quick, priority, now);',
        to: 'return 0 * this.waitMs(name, this.quick, priority, now);',
      },
    ],
  },
  { name: 'scaler off', scenario: 'step', env: { TAHAN_SCALER: 'off' } },
  {
    name: 'lifeboat off',
    scenario: 'all-blocked',
    patches: [
      {
        file: 'primary/lifeboat-call.ts',
        text: 'answering(workers, silence, floorMs).length === 0',
        to: 'answering(workers, silence, floorMs).length < 0',
      },
    ],
  },
  {
    name: 'purge lost',
    scenario: 'publishing',
    patches: [{ file: 'pages/purger.ts', text: 'if (tags.length === 0) return;', to: 'if (tags.length >= 0) return;' }],
  },
  {
    name: 'purge lost on its way to the other workers',
    scenario: 'publishing',
    patches: [
      {
        file: 'pages/purger.ts',
        text: "link.on('purge', ({ id, tags, hard, at }) => {\n    memory(tags, hard, at);",
        to: "link.on('purge', ({ id }) => {",
      },
    ],
  },
];

/** A source with the patches of a file in it. @throws {Error} a text is not there */
export function patched(source: string, patches: readonly { file: string; text: string; to: string }[]): string {
  return patches.reduce((text, patch) => {
    if (!text.includes(patch.text)) throw new Error(`${patch.file} does not have ${JSON.stringify(patch.text)}`);
    return text.replaceAll(patch.text, () => patch.to);
  }, source);
}
