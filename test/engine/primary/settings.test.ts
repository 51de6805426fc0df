import { describe, expect, test } from '@jest/globals';
import { readConfig } from '../../../src/config.ts';
import { mistakes, renewed } from '../../../src/engine/primary/settings.ts';

const read = (env: NodeJS.ProcessEnv) => ({
  env,
  config: readConfig(env, 2),
  release: { cwd: '/srv', main: '/srv/main.ts', worker: { exec: '/srv/main.ts', args: [] } },
});

describe('the settings after a reload', () => {
  test('are the new ones, except for what is bound already', () => {
    const before = read({ PORT: '3000', TAHAN_DATA_DIR: '/srv/a', TAHAN_WORKERS_MAX: '2' });
    const settings = renewed(
      before,
      read({ PORT: '4000', HOST: '127.0.0.1', TAHAN_DATA_DIR: '/srv/a', TAHAN_WORKERS_MAX: '3' }),
    );
    expect(settings.config).toMatchObject({ port: 3000, host: '0.0.0.0', dataDir: '/srv/a', workersMax: 3 });
    expect(settings.env).toEqual({ PORT: '3000', TAHAN_DATA_DIR: '/srv/a', TAHAN_WORKERS_MAX: '3' });
    expect(settings.ignored).toEqual([
      'PORT is now "4000": that takes effect at the next start',
      'HOST is now "127.0.0.1": that takes effect at the next start',
    ]);
    expect(renewed(before, before).ignored).toEqual([]);
  });

  test('mistakes are told one by one', () => {
    let problem: unknown;
    try {
      read({ PORT: 'x', TAHAN_LAB: 'y' });
    } catch (error) {
      problem = error;
    }
    expect(mistakes(problem)).toHaveLength(2);
    expect(mistakes(new Error('other'))).toEqual(['other']);
  });
});
