import type { MonitorConfig } from '../../../src/engine/monitor/monitor.ts';

/** Settings of a monitor that tells nobody. */
export const monitorConfig = (dataDir: string, more: Partial<MonitorConfig> = {}): MonitorConfig => ({
  dataDir,
  version: '1',
  siteName: 'Tahan',
  publicUrl: '',
  incidentProfile: false,
  alertWebhook: '',
  alertEmail: [],
  smtpUrl: '',
  historySecondsMin: 60,
  historyMinutesDays: 30,
  historyHoursDays: 730,
  historyMb: 256,
  ...more,
});
