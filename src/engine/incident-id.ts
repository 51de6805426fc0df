/** The name of an incident: when it began, so that a list of files is in the order of time. */
export const INCIDENT_ID = /^\d{4}-\d{2}-\d{2}T\d{6}Z$/;

/** `at`: epoch ms. */
export const incidentId = (at: number): string =>
  new Date(at)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(':', '');
