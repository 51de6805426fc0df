import type { RoutePolicy } from '../site.ts';

/** The site's answer to a small question of the engine; when it throws, `otherwise`: its mistake must not end the worker. */
export function guarded<Asked extends unknown[], Answer>(
  ask: ((...asked: Asked) => Answer) | undefined,
  otherwise: Answer,
  onError: (error: unknown) => void,
): (...asked: Asked) => Answer {
  return (...asked) => {
    try {
      return ask === undefined ? otherwise : ask(...asked);
    } catch (error) {
      onError(error);
      return otherwise;
    }
  };
}

/** Policies whose own priorities cannot throw: a request that cannot be judged is a low one. */
export const guardedPolicies = (
  policies: readonly RoutePolicy[],
  onError: (error: unknown) => void,
): readonly RoutePolicy[] =>
  policies.map((policy) =>
    typeof policy.priority === 'function'
      ? { ...policy, priority: guarded(policy.priority, 'low' as const, onError) }
      : policy,
  );
