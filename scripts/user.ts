import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Db, databasePath } from '../src/site/data/open.ts';
import { openMigrated } from '../src/site/data/open-migrated.ts';
import { deleteSessionsOf } from '../src/site/data/sessions.ts';
import { ROLES, type Role, type User } from '../src/site/data/types.ts';
import { deleteUser, insertUser, setPasswordHash, setRole, userByName, users } from '../src/site/data/users.ts';
import { hash } from '../src/site/tasks/password.ts';
import { displayName, newPassword, userName } from '../src/site/tasks/rules.ts';
import { CommandError, dataFolder, runCommand, type Terminal, UsageError } from './site-data/command.ts';
import { terminal } from './site-data/terminal.ts';

const USAGE = `Usage: npm run user -- COMMAND
  add NAME --role ${ROLES.join('|')} [--display "SHOWN NAME"]
  list
  role NAME ${ROLES.join('|')}
  password NAME
  remove NAME
A password is asked for, or read from the input: echo "..." | npm run user -- add NAME --role editor
Works while the server runs, and before its first start.`;

interface Schema<T> {
  safeParse: (
    value: unknown,
  ) => { success: true; data: T } | { success: false; error: { issues: { message: string }[] } };
}

/** @throws {CommandError} with the rule's own words */
function checked<T>(what: string, schema: Schema<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new CommandError(`${what}: ${result.error.issues.map(({ message }) => message).join(' ')}`);
}

function asRole(value: string | undefined): Role {
  const role = ROLES.find((known) => known === value);
  if (role === undefined)
    throw new UsageError(`the role must be one of ${ROLES.join(', ')}${value === undefined ? '' : `, not "${value}"`}`);
  return role;
}

function existing(db: Db, name: string): User {
  const user = userByName(db, name);
  if (user === undefined) throw new CommandError(`there is no user "${name}"`);
  return user;
}

/** Runs the command of these arguments. @returns the exit code */
export function user(args: string[], io: Terminal): Promise<number> {
  const { out, env, readPassword } = io;
  const withData = async (work: (db: Db) => void | Promise<void>): Promise<void> => {
    const db = openMigrated(dataFolder(env));
    try {
      await work(db);
    } finally {
      db.close();
    }
  };
  return runCommand(USAGE, io, async () => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { role: { type: 'string' }, display: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    });
    if (values.help) return out(USAGE);
    const [command, name, ...rest] = positionals;
    const arity = { add: 1, list: 0, role: 2, password: 1, remove: 1 }[command ?? ''];
    if (command === undefined) throw new UsageError('which command?');
    if (arity === undefined) throw new UsageError(`no such command: ${command}`);
    if (positionals.length - 1 !== arity)
      throw new UsageError(`${command} takes ${arity === 0 ? 'no name' : arity === 1 ? 'one NAME' : 'NAME and ROLE'}`);
    if (command !== 'add' && (values.role !== undefined || values.display !== undefined))
      throw new UsageError(`${command} takes no options`);

    if (command === 'list') {
      const folder = dataFolder(env);
      // To look makes no database.
      if (!existsSync(databasePath(folder))) return out(`there are no users yet: ${folder} has no database`);
      return withData((db) => list(db, out));
    }
    if (name === undefined) throw new UsageError(`${command} needs a NAME`);
    if (command === 'role') {
      const role = asRole(rest[0]);
      return withData((db) => {
        setRole(db, existing(db, name).id, role);
        out(`${name} is ${role} now`);
      });
    }
    if (command === 'remove') {
      return withData((db) => {
        deleteUser(db, existing(db, name).id);
        out(`${name} is removed; posts stay, without an author`);
      });
    }
    if (command === 'password') {
      return withData(async (db) => {
        const { id } = existing(db, name);
        const passwordHash = hash(checked('password', newPassword, await readPassword()));
        db.transaction(() => {
          setPasswordHash(db, id, passwordHash);
          deleteSessionsOf(db, id);
        }).immediate();
        out(`${name} has another password, and is signed out everywhere`);
      });
    }
    const role = asRole(values.role);
    const wanted = checked('name', userName, name);
    const shown = checked('--display', displayName, values.display ?? wanted);
    return withData(async (db) => {
      if (userByName(db, wanted) !== undefined) throw new CommandError(`the name "${wanted}" is taken`);
      const passwordHash = hash(checked('password', newPassword, await readPassword()));
      const added = insertUser(db, { name: wanted, displayName: shown, role, passwordHash, createdAt: Date.now() });
      if (added === undefined) throw new CommandError(`the name "${wanted}" is taken`);
      out(`${wanted} is added as ${role}`);
    });
  });
}

function list(db: Db, out: (line: string) => void): void {
  let none = true;
  for (const { name, role, displayName: shown, createdAt } of users(db)) {
    none = false;
    out(`${name.padEnd(30)} ${role.padEnd(6)} ${new Date(createdAt).toISOString().slice(0, 10)} ${shown}`);
  }
  if (none) out('there are no users yet');
}

if (import.meta.main) process.exitCode = await user(process.argv.slice(2), terminal);
