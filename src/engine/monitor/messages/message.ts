import type { Severity } from '../../monitor-sample.ts';

/** What is told of an alert: to people, or to a program. */
export interface AlertMessage {
  /** The same for each attempt, so that a receiver can tell a repetition. */
  id: string;
  alert: string;
  state: 'firing' | 'resolved';
  severity: Severity;
  /** Epoch ms; when it began to fire. */
  at: number;
  firedAt: number;
  /** What is so, and what it means. */
  text: string;
  sentence: string;
  value: number;
  /** Name and address of the site. */
  site: string;
  url: string;
}

/** One line for people: `[critical] surge: +380 % ...`. */
export const headline = ({ state, severity, alert, text, site }: AlertMessage): string =>
  `${site}: [${state === 'firing' ? severity : 'over'}] ${alert}: ${text}`;
