-- Who may write and publish here is said of a member only if the member wishes.
ALTER TABLE users ADD COLUMN role_shown INTEGER NOT NULL DEFAULT 0 CHECK (role_shown IN (0, 1));
