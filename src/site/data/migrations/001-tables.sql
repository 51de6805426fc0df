-- All times are epoch ms. STRICT, so that a wrong type is an error and not a surprise.

CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- How many there are of everything, kept by triggers: no page counts a table.
CREATE TABLE counts (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counts VALUES ('users', 0), ('posts', 0), ('likes', 0);

-- AUTOINCREMENT: a removed user's id never names another one.
CREATE TABLE users (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  display_name TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('member', 'editor', 'admin')),
  password_hash TEXT NOT NULL,
  bio TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX users_newest ON users (created_at DESC, id DESC);

CREATE TRIGGER users_count_insert AFTER INSERT ON users BEGIN
  UPDATE counts SET value = value + 1 WHERE name = 'users';
END;
CREATE TRIGGER users_count_delete AFTER DELETE ON users BEGIN
  UPDATE counts SET value = value - 1 WHERE name = 'users';
END;

CREATE TABLE sessions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  -- SHA-256 of the cookie's id, hex.
  id_hash TEXT NOT NULL UNIQUE,
  user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  user_agent TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id, created_at DESC, id DESC);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- The long columns come last: a list never reads them.
CREATE TABLE posts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  slug TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL,
  excerpt TEXT NOT NULL,
  author_id INTEGER REFERENCES users (id) ON DELETE SET NULL,
  status TEXT NOT NULL CHECK (status IN ('draft', 'scheduled', 'published')),
  publish_at INTEGER CHECK (status = 'draft' OR publish_at IS NOT NULL),
  pinned INTEGER NOT NULL CHECK (pinned IN (0, 1)),
  campaign_ends_at INTEGER,
  like_count INTEGER NOT NULL DEFAULT 0,
  -- The post's tags, separated by spaces: for lists and for the search.
  tag_list TEXT NOT NULL,
  version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  markdown TEXT NOT NULL,
  html TEXT NOT NULL,
  plain TEXT NOT NULL
) STRICT;
CREATE INDEX posts_newest ON posts (publish_at DESC, id DESC) WHERE status = 'published';
CREATE INDEX posts_pinned ON posts (publish_at DESC, id DESC) WHERE status = 'published' AND pinned = 1;
CREATE INDEX posts_due ON posts (publish_at) WHERE status = 'scheduled';
CREATE INDEX posts_by_author ON posts (author_id, status, publish_at DESC, id DESC);
CREATE INDEX posts_by_change ON posts (updated_at DESC, id DESC);

CREATE TRIGGER posts_count_insert AFTER INSERT ON posts WHEN new.status = 'published' BEGIN
  UPDATE counts SET value = value + 1 WHERE name = 'posts';
END;
CREATE TRIGGER posts_count_delete AFTER DELETE ON posts WHEN old.status = 'published' BEGIN
  UPDATE counts SET value = value - 1 WHERE name = 'posts';
END;
CREATE TRIGGER posts_count_update AFTER UPDATE OF status ON posts WHEN (old.status = 'published') <> (new.status = 'published') BEGIN
  UPDATE counts SET value = value + iif(new.status = 'published', 1, -1) WHERE name = 'posts';
END;

CREATE TABLE tags (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  -- Published posts.
  post_count INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX tags_by_use ON tags (post_count DESC, name);

CREATE TABLE post_tags (
  post_id INTEGER NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
  tag_id INTEGER NOT NULL REFERENCES tags (id),
  -- publish_at of a published post, else null: a tag's list is read from the index alone.
  published_at INTEGER,
  PRIMARY KEY (post_id, tag_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX post_tags_newest ON post_tags (tag_id, published_at DESC, post_id DESC);

CREATE TRIGGER post_tags_follow_post AFTER UPDATE OF status, publish_at ON posts BEGIN
  UPDATE post_tags SET published_at = iif(new.status = 'published', new.publish_at, NULL) WHERE post_id = new.id;
END;
CREATE TRIGGER tags_count_insert AFTER INSERT ON post_tags WHEN new.published_at IS NOT NULL BEGIN
  UPDATE tags SET post_count = post_count + 1 WHERE id = new.tag_id;
END;
CREATE TRIGGER tags_count_delete AFTER DELETE ON post_tags WHEN old.published_at IS NOT NULL BEGIN
  UPDATE tags SET post_count = post_count - 1 WHERE id = old.tag_id;
END;
CREATE TRIGGER tags_count_update AFTER UPDATE OF published_at ON post_tags
WHEN (old.published_at IS NULL) <> (new.published_at IS NULL) BEGIN
  UPDATE tags SET post_count = post_count + iif(new.published_at IS NULL, -1, 1) WHERE id = new.tag_id;
END;

-- Search over published posts. Contentless: the text is kept once, in posts.
CREATE VIRTUAL TABLE posts_fts USING fts5 (
  title, body, tags, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2', prefix = '3'
);
CREATE TRIGGER posts_fts_insert AFTER INSERT ON posts WHEN new.status = 'published' BEGIN
  INSERT INTO posts_fts (rowid, title, body, tags) VALUES (new.id, new.title, new.plain, new.tag_list);
END;
CREATE TRIGGER posts_fts_delete AFTER DELETE ON posts WHEN old.status = 'published' BEGIN
  DELETE FROM posts_fts WHERE rowid = old.id;
END;
CREATE TRIGGER posts_fts_update AFTER UPDATE OF title, plain, tag_list, status ON posts BEGIN
  DELETE FROM posts_fts WHERE rowid = old.id AND old.status = 'published';
  INSERT INTO posts_fts (rowid, title, body, tags)
    SELECT new.id, new.title, new.plain, new.tag_list WHERE new.status = 'published';
END;

CREATE TABLE likes (
  user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  post_id INTEGER NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, post_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX likes_by_post ON likes (post_id);

CREATE TRIGGER likes_count_insert AFTER INSERT ON likes BEGIN
  UPDATE posts SET like_count = like_count + 1 WHERE id = new.post_id;
  UPDATE counts SET value = value + 1 WHERE name = 'likes';
END;
CREATE TRIGGER likes_count_delete AFTER DELETE ON likes BEGIN
  UPDATE posts SET like_count = like_count - 1 WHERE id = old.post_id;
  UPDATE counts SET value = value - 1 WHERE name = 'likes';
END;

CREATE TABLE announcements (
  id INTEGER PRIMARY KEY,
  title TEXT NOT NULL,
  text TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER
) STRICT;
CREATE INDEX announcements_newest ON announcements (created_at DESC, id DESC);

-- What a member did, event by event (the export), and counted per UTC day since the epoch (the chart).
CREATE TABLE activity (
  id INTEGER PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('sign-in', 'read', 'like', 'write')),
  post_id INTEGER REFERENCES posts (id) ON DELETE SET NULL
) STRICT;
CREATE INDEX activity_by_user ON activity (user_id, id);
CREATE INDEX activity_by_time ON activity (at);
CREATE INDEX activity_by_post ON activity (post_id) WHERE post_id IS NOT NULL;

CREATE TABLE activity_days (
  user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  day INTEGER NOT NULL,
  kind TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (user_id, day, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX activity_days_by_day ON activity_days (day);

-- Which file a post was imported from, by absolute path. A post removed on the site stays removed until its file changes.
CREATE TABLE imports (
  path TEXT PRIMARY KEY,
  -- SHA-256 of the file, hex.
  content_hash TEXT NOT NULL,
  post_id INTEGER REFERENCES posts (id) ON DELETE SET NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX imports_by_post ON imports (post_id);
