/** What an error says, and of what is thrown and is none, its text. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
