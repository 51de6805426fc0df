import { describe, expect, test } from '@jest/globals';
import { ConfigError, readConfig, SETTINGS, settingRows, trustedProxyList } from '../src/config.ts';

const problemsOf = (env: Record<string, string>): readonly string[] => {
  try {
    readConfig(env, 2);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
};

describe('settings', () => {
  test('have defaults that are valid', () => {
    expect(readConfig({}, 4)).toMatchObject({
      port: 3000,
      workersMin: 1,
      workersMax: 4,
      spare: 1,
      adminHost: '127.0.0.1',
      hosts: [],
      lab: false,
    });
  });

  test('a schedule of stress tests that is none is told, and what it needs', () => {
    expect(problemsOf({ TAHAN_STRESS_SCHEDULE: '30 4 * * * Asia/Jakarta' })).toEqual([]);
    expect(problemsOf({ TAHAN_STRESS_SCHEDULE: '99 4 * * *' })).toEqual([
      expect.stringContaining('TAHAN_STRESS_SCHEDULE="99 4 * * *": must be five fields of cron'),
    ]);
    expect(problemsOf({ TAHAN_STRESS_SCHEDULE: '30 4 * * *', TAHAN_MONITOR: '0' })).toEqual([
      expect.stringContaining('needs TAHAN_MONITOR=1'),
    ]);
  });

  test('the most workers are the usable cores, and half a core is one worker', () => {
    expect(readConfig({}, 0.5)).toMatchObject({ workersMax: 1, spare: 0, cores: 0.5 });
  });

  test('every mistake is told, each in a line with setting, value and what is allowed', () => {
    const problems = problemsOf({
      PORT: '70000',
      TAHAN_SPARE: '2',
      LOG_LEVEL: 'loud',
      TAHAN_PUBLIC_URL: 'example.org',
    });
    expect(problems).toHaveLength(4);
    expect(problems[0]).toBe('PORT="70000": must be a whole number from 0 to 65535 (TCP port; 0 picks a free one)');
  });

  test('a memory limit that every idle worker would be over is a mistake', () => {
    expect(problemsOf({ TAHAN_RSS_HARD_MB: '90', TAHAN_RSS_SOFT_MB: '80' })).toEqual([
      'TAHAN_RSS_SOFT_MB="80": must be 0 or at least 256, as an idle worker needs up to 200',
      'TAHAN_RSS_HARD_MB="90": must be 0 or at least 256, as an idle worker needs up to 200',
    ]);
    expect(problemsOf({ TAHAN_RSS_HARD_MB: '0', TAHAN_RSS_SOFT_MB: '0' })).toEqual([]);
  });

  test('a secret is never shown in its mistake', () => {
    expect(problemsOf({ TAHAN_SESSION_SECRET: 'too-short' })).toEqual([
      'TAHAN_SESSION_SECRET=(hidden): must be 32 to 512 characters',
    ]);
  });

  test('settings that do not fit together are told', () => {
    expect(problemsOf({ TAHAN_WORKERS_MIN: '3', TAHAN_WORKERS_MAX: '2' })).toEqual([
      'TAHAN_WORKERS_MIN="3": must be at most TAHAN_WORKERS_MAX (2)',
    ]);
    expect(problemsOf({ PORT: '4000', TAHAN_ADMIN_PORT: '4000' })).toEqual([
      'TAHAN_ADMIN_PORT="4000": must differ from PORT',
    ]);
  });

  test('proxies are addresses or ranges', () => {
    expect(problemsOf({ TAHAN_TRUSTED_PROXIES: '10.0.0.0/33' })).toHaveLength(1);
    const trusted = trustedProxyList(readConfig({ TAHAN_TRUSTED_PROXIES: '10.0.0.0/8, ::1' }, 2).trustedProxies);
    expect([
      trusted.check('10.1.2.3', 'ipv4'),
      trusted.check('11.1.2.3', 'ipv4'),
      trusted.check('::1', 'ipv6'),
    ]).toEqual([true, false, true]);
  });

  test('each has a line of meaning and a name of its own', () => {
    const names = Object.values(SETTINGS).map(({ env }) => env);
    expect(new Set(names).size).toBe(names.length);
    for (const { text, allowed } of settingRows()) expect(text && allowed).toBeTruthy();
  });
});
