import { existsSync, mkdtempSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { importOf, setImport } from '../src/site/data/imports.ts';
import { type Db, databasePath, openReader } from '../src/site/data/open.ts';
import { openMigrated } from '../src/site/data/open-migrated.ts';
import { insertPost, postById, slugTaken, updatePost } from '../src/site/data/posts.ts';
import { freeSlug } from '../src/site/data/slug.ts';
import { userByName } from '../src/site/data/users.ts';
import { render } from '../src/site/tasks/markdown.ts';
import { CommandError, dataFolder, runCommand, type Terminal, UsageError } from './site-data/command.ts';
import { findMarkdown } from './site-data/find-markdown.ts';
import { type MarkdownFile, readBytes, readMarkdown, UnreadableFileError } from './site-data/read-markdown.ts';
import { terminal } from './site-data/terminal.ts';

const USAGE = `Usage: npm run import -- FOLDER [--author NAME] [--dry-run] [--all]
Makes posts of the Markdown files (.md, .markdown) in the folder and the folders in it.
Front matter: title, date, tags, slug. Without a title the first heading is it; without a date the file's own is taken.
Again with the same folder: changed files update their posts, others are left alone.
  --author NAME  new posts are by this user
  --dry-run      tells what would be done, and changes nothing
  --all          takes files named LICENSE and CHANGELOG, too`;

/** Files of a project that are no posts. */
const NO_POST = /^(?:licen[cs]e|changelog)\.[^.]+$/i;

type Outcome = 'new' | 'updated' | 'unchanged';

/** One file into the database, in a transaction of its own. */
function importFile(db: Db, path: string, authorId: number | null): Outcome {
  const { bytes, changedAt, contentHash } = readBytes(path);
  // A post that was removed on the site stays removed until its file changes.
  if (importOf(db, path)?.contentHash === contentHash) return 'unchanged';
  const file = readMarkdown(bytes, changedAt);
  const page = render(file.markdown);
  return db.transaction(() => save(db, path, contentHash, file, page, authorId)).immediate();
}

function save(
  db: Db,
  path: string,
  contentHash: string,
  file: MarkdownFile,
  page: ReturnType<typeof render>,
  authorId: number | null,
): Outcome {
  const now = Date.now();
  const postId = importOf(db, path)?.postId;
  const before = postId === undefined || postId === null ? undefined : postById(db, postId);
  if (file.slug !== undefined && slugTaken(db, file.slug, before?.id)) {
    throw new UnreadableFileError(`the slug "${file.slug}" is taken by another post`);
  }
  const publishAt = file.date ?? before?.publishAt ?? Math.min(now, file.changedAt);
  const fields = {
    slug: file.slug ?? before?.slug ?? freeSlug(db, file.title),
    title: file.title,
    ...page,
    status: publishAt > now ? ('scheduled' as const) : ('published' as const),
    publishAt,
    pinned: before?.pinned ?? false,
    campaignEndsAt: before?.campaignEndsAt ?? null,
    tags: file.tags,
    markdown: file.markdown,
  };
  if (before !== undefined) updatePost(db, before.id, fields, now);
  setImport(db, path, contentHash, before?.id ?? insertPost(db, { ...fields, authorId }, now));
  return before === undefined ? 'new' : 'updated';
}

function realFolder(folder: string): string {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new CommandError(`${folder}: there is no such folder`);
  return realpathSync(folder);
}

/** Runs the import of these arguments. @returns the exit code: 0 also when files were skipped */
export function importFolder(args: string[], io: Terminal): Promise<number> {
  return runCommand(USAGE, io, async () => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        author: { type: 'string' },
        'dry-run': { type: 'boolean', default: false },
        all: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help) return io.out(USAGE);
    const [folder] = positionals;
    if (folder === undefined || positionals.length > 1) throw new UsageError('one FOLDER is needed');
    const root = realFolder(folder);
    const dry = values['dry-run'];
    const data = dry ? await copyOfData(dataFolder(io.env)) : dataFolder(io.env);
    const db = openMigrated(data);
    try {
      const authorId = values.author === undefined ? null : userByName(db, values.author)?.id;
      if (authorId === undefined) throw new CommandError(`there is no user "${values.author}"`);
      const counts = { new: 0, updated: 0, unchanged: 0, skipped: 0 };
      for (const found of findMarkdown(root)) {
        const name = relative(root, found.path) || '.';
        io.progress(`${counts.new + counts.updated + counts.unchanged + counts.skipped} files, now ${name}`);
        try {
          if ('skipped' in found) throw new UnreadableFileError(found.skipped);
          if (!values.all && NO_POST.test(basename(found.path)))
            throw new UnreadableFileError('no post by its name; --all takes it, too');
          const outcome = importFile(db, found.path, authorId);
          counts[outcome] += 1;
          if (dry) io.out(`${outcome}: ${name}`);
        } catch (error) {
          if (!(error instanceof UnreadableFileError)) throw error;
          counts.skipped += 1;
          io.err(`skipped ${name}: ${error.message}`);
        }
      }
      io.out(
        `${counts.new} new, ${counts.updated} updated, ${counts.unchanged} unchanged, ${counts.skipped} skipped${dry ? ' (a dry run: nothing was changed)' : ''}`,
      );
    } finally {
      db.close();
      if (dry) rmSync(data, { recursive: true });
    }
  });
}

/** A folder with a copy of the database as it is now, for a dry run; the server may go on writing meanwhile. */
async function copyOfData(dataDir: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'tahan-dry-run-'));
  if (!existsSync(databasePath(dataDir))) return folder;
  const db = openReader(dataDir);
  try {
    await db.backup(databasePath(folder));
  } finally {
    db.close();
  }
  return folder;
}

if (import.meta.main) process.exitCode = await importFolder(process.argv.slice(2), terminal);
